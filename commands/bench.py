"""fireline bench: the figures that the documents quote."""

from dataclasses import asdict
from pathlib import Path

import click

from . import bench_tables as tables
from .common import Output, command
from .options.paths import INPUT, OutputFolder
from .options.pictures import STRICT, reading
from .options.together import only_with

SHIPPED = "cifar10"
ARRAYS = ((8, 8), (16, 16))  # of the shipped network's cycles
PEER_ARRAYS = ((8, 16), (16, 16))  # at most the peers' 144 multipliers of the device
BOARDS = ("ulx3s-25f", "ulx3s-85f")
PICTURES = 1000  # at least, for the speed of golden model and torch
FULL_SIZE = ("squeezenet1_1", "squeezenet1_0")
FULL_SIZE_ARRAYS = ((16, 16), (16, 32))
FULL_SIZE_BOARD = "ulx3s-85f"
FULL_SIZE_PICTURES, FULL_SIZE_BATCH = 96, 32  # for the speed of golden model and torch


def _files() -> list[str]:
    from ..host.bitstream.summary import FILES

    return [f"{board}/{file}" for board in BOARDS for file in FILES]


@command
@click.option("--simulate", "simulated", is_flag=True, help="Also simulate every network: minutes.")
@click.option(
    "--build", "built", is_flag=True, help="Also build the shipped network's bitstreams: longer."
)
@click.option("--all", "everything", is_flag=True, help="Both --simulate and --build.")
@click.option(
    "--data",
    metavar="DIR",
    type=INPUT,
    help="Classify these labelled pictures instead of the samples.",
)
@click.option(
    "-o",
    "folder",
    metavar="DIR",
    type=OutputFolder(_files),
    default="build/bench",
    show_default=True,
    help="Folder for the bitstreams of --build.",
)
@click.option(
    "--built",
    "builds",
    metavar="DIR",
    type=INPUT,
    multiple=True,
    help="Add a build of `fireline build` to the table of SqueezeNet at full size.",
)
@STRICT
def bench(output: Output, simulated, built, everything, data, folder, builds, strict):
    """Measure the shipped network, and SqueezeNet at full size.

    The command prints accuracy and speed of the golden model and of torch on the same pictures,
    cycles and utilisation on several arrays, and the figures that others published. SqueezeNet 1.0
    and 1.1 have random weights, of 8 bits in conv1 and 4 elsewhere, because cycles depend on the
    bits alone. With --simulate, the status is 1 if a simulation contradicts a predicted cycle or
    the golden model.

    \b
    Examples:
      fireline bench
      fireline bench --simulate --json bench.json
      fireline bench --all --data cifar-10
      fireline bench --built build/squeezenet1_1
    """
    from ..host.data.dataset import load_test
    from ..host.files import check_folder_place
    from ..host.network.lookup import load_network
    from ..host.network.shipped import SAMPLES, WEIGHTS
    from ..host.report.report import load_build
    from ..sim.benchmark.peers import FULL_SIZE_PEERS, PROCESSORS
    from ..sim.benchmark.speed import measure_speed

    simulated, built = simulated or everything, built or everything
    only_with("--build", built, "folder")
    if built:
        check_folder_place(folder, _files(), "-o")
    of_builds = [load_build(build) for build in builds]
    network = load_network(SHIPPED)
    how = reading(output, strict)
    samples = data or SAMPLES[SHIPPED]
    pictures = load_test(samples, network.architecture, network.class_names, how)
    speed = measure_speed(network, _repeated(pictures), WEIGHTS[SHIPPED])
    tables.show_speed(output, "the shipped network", speed)

    cycles = _shipped_cycles(output, network, pictures.pixels[:4] if simulated else None)
    comparisons = _comparisons(output, simulated)
    full_size_speed, full_size = _full_size(output, simulated, of_builds, FULL_SIZE_PEERS)
    boards = _boards(output, network, Path(folder), PROCESSORS) if built else []
    output.result(
        {
            "network": SHIPPED,
            "speed": asdict(speed),
            "cycles": [asdict(each) for each in cycles],
            "peers": [tables.comparison_json(each) for each in comparisons],
            "full_size": {
                "speed": asdict(full_size_speed),
                "networks": [tables.full_size_json(each) for each in full_size],
                "peers": [
                    asdict(each) | {"per_multiplier": each.per_multiplier}
                    for each in FULL_SIZE_PEERS
                ],
            },
            "boards": [
                asdict(each.summary)
                | {"frames_per_second": each.frames_per_second, "cycles": asdict(each.cycles)}
                for each in boards
            ],
        }
    )
    checked = (
        *cycles,
        *(each.frame for each in comparisons),
        *(each.cycles for each in full_size),
    )
    return int(any(each.wrong for each in checked))


def _repeated(pictures):
    """The pictures, repeated until there are at least PICTURES."""
    import numpy as np

    from ..host.data.dataset import Pictures

    times = -(-PICTURES // len(pictures))
    return Pictures(np.tile(pictures.pixels, (times, 1, 1, 1)), np.tile(pictures.labels, times))


def _shipped_cycles(output, network, pixels):
    """The shipped network's cycles on each array; with pixels, simulated too."""
    from ..host.compiler.compile import compile_network
    from ..hw.program import ArrayShape
    from ..sim.benchmark.cycles import measure_cycles

    cycles = [
        measure_cycles(compile_network(network, ArrayShape(*array)), pixels, output.say)
        for array in ARRAYS
    ]
    tables.show_cycles(output, "The shipped network", cycles)
    return cycles


def _comparisons(output, simulated):
    """Each peer's work, in 8 and 4 bits, on each array."""
    from ..hw.program import ArrayShape
    from ..sim.benchmark.comparison import compare
    from ..sim.benchmark.peers import PEERS

    comparisons = [
        compare(peer, bits, ArrayShape(*array), simulated, output.say)
        for peer in PEERS
        for bits in (8, 4)
        for array in PEER_ARRAYS
    ]
    tables.show_peers(output, comparisons)
    return comparisons


def _full_size(output, simulated, built, peers):
    """Speed of golden model and torch; every network on every array, and the builds."""
    import numpy as np

    from ..host.compiler.compile import compile_network
    from ..host.data.dataset import Pictures
    from ..host.network.families import family
    from ..host.network.random_network import stand_in
    from ..hw.boards import find_board
    from ..hw.program import ArrayShape
    from ..sim.benchmark.cycles import random_pixels
    from ..sim.benchmark.full_size import measure_full_size
    from ..sim.benchmark.speed import measure_speed

    networks = [stand_in(family(name)) for name in FULL_SIZE]
    pixels = random_pixels(networks[0].architecture, FULL_SIZE_PICTURES)
    pictures = Pictures(pixels, np.zeros(len(pixels), np.int64))
    speed = measure_speed(networks[0], pictures, batch=FULL_SIZE_BATCH)
    tables.show_speed(output, FULL_SIZE[0], speed, accuracy=False)

    board = find_board(FULL_SIZE_BOARD)
    designs = [
        (None, board, compile_network(network, ArrayShape(*array)))
        for network in networks
        for array in FULL_SIZE_ARRAYS
    ]
    rows = [
        measure_full_size(compiled, board, summary, simulated=simulated, tell=output.say)
        for summary, board, compiled in (*designs, *built)
    ]
    tables.show_cycles(output, "SqueezeNet at full size", [row.cycles for row in rows])
    tables.show_full_size(output, rows, peers)
    return speed, rows


def _boards(output, network, folder, processors):
    """Bitstreams of the shipped network, in a sub-folder for each board."""
    from ..hw.boards import find_board
    from ..sim.benchmark.on_board import measure_board

    boards = []
    for name in BOARDS:
        with output.steps() as progress:
            boards.append(measure_board(network, find_board(name), folder / name, progress))
    tables.show_boards(output, boards, processors)
    return boards
