"""The command that measures."""

from dataclasses import asdict
from pathlib import Path

import click

from .common import Output, command

SHIPPED = "cifar10"
ARRAYS = ((8, 8), (16, 16))  # to simulate the shipped network on
PEER_ARRAYS = ((8, 16), (16, 16))  # no more than 144 hardware multipliers
BOARDS = ("ulx3s-25f", "ulx3s-85f")
IMAGES = 1000  # to time the references on
FULL_SIZE = ("squeezenet1_1", "squeezenet1_0")
FULL_SIZE_ARRAYS = ((16, 16), (16, 32))
FULL_SIZE_BOARD = "ulx3s-85f"
FULL_SIZE_IMAGES, FULL_SIZE_BATCH = 96, 32  # to time the references on


@command
@click.option("--simulate", "simulated", is_flag=True, help="Also simulate: minutes.")
@click.option("--build", "built", is_flag=True, help="Also build bitstreams: many minutes.")
@click.option("--all", "everything", is_flag=True, help="Both.")
@click.option("--data", metavar="DIR", help="Time the references on these, not on the samples.")
@click.option(
    "-o", "folder", metavar="DIR", default="build/bench", show_default=True, help="For bitstreams."
)
@click.option(
    "--built", "builds", metavar="DIR", multiple=True, help="Set this build beside SqueezeNet's."
)
def bench(output: Output, simulated, built, everything, data, folder, builds):
    """Measure the shipped network, and SqueezeNet at full size.

    Golden model and torch on the same pictures, cycles and utilisation, and the cycles and frame
    rates that others published. SqueezeNet 1.0 and 1.1 have random weights here, of 8 bits in conv1
    and 4 elsewhere: cycles depend on nothing else. With --simulate, every predicted cycle is held
    against the simulation, and the status is 1 if one differs. With --build, bitstreams of the
    shipped network with their clocks. A DIR of --built is what `fireline build` made.

    \b
    Examples:
      fireline bench
      fireline bench --simulate --json bench.json
      fireline bench --all --data cifar-10
      fireline bench --built build/squeezenet1_1
    """
    from ..host.compiler.compile import compile_network
    from ..host.data.dataset import load_test
    from ..host.network.lookup import load_network
    from ..host.network.shipped import SAMPLES, WEIGHTS
    from ..hw.boards import find_board
    from ..hw.program import ArrayShape
    from ..sim import measure
    from ..sim.peers import FULL_SIZE_PEERS, PEERS

    simulated, built = simulated or everything, built or everything
    network = load_network(SHIPPED)
    pictures = load_test(data or SAMPLES[SHIPPED], network.architecture)
    speed = measure.measure_speed(network, _many(pictures), WEIGHTS[SHIPPED])
    _show_speed(output, "the shipped network", speed)

    few = pictures.pixels[:4] if simulated else None
    cycles = [
        measure.measure_cycles(compile_network(network, ArrayShape(*array)), few, output.say)
        for array in ARRAYS
    ]
    _show_cycles(output, "The shipped network", cycles)

    comparisons = [
        measure.compare(peer, bits, ArrayShape(*array), few is not None, output.say)
        for peer in PEERS
        for bits in (8, 4)
        for array in PEER_ARRAYS
    ]
    _show_peers(output, comparisons)

    full_size_speed, full_size = _full_size(output, simulated, builds)

    boards = []
    for name in BOARDS if built else ():
        with output.steps() as progress:
            place = Path(folder) / name
            boards.append(measure.measure_board(network, find_board(name), place, progress))
    if boards:
        _show_boards(output, boards)
    output.result(
        {
            "network": SHIPPED,
            "speed": asdict(speed),
            "cycles": [asdict(each) for each in cycles],
            "peers": [_comparison(each) for each in comparisons],
            "full_size": {
                "speed": asdict(full_size_speed),
                "networks": [_full_size_row(each) for each in full_size],
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


def _many(pictures):
    """The pictures, as often as makes enough of them."""
    import numpy as np

    from ..host.data.dataset import Pictures

    times = -(-IMAGES // len(pictures))
    return Pictures(np.tile(pictures.pixels, (times, 1, 1, 1)), np.tile(pictures.labels, times))


def _full_size(output, simulated, builds):
    """The references' speed at full size, and what every network does on every array."""
    import numpy as np

    from ..host.compiler.compile import compile_network
    from ..host.data.dataset import Pictures
    from ..host.network.families import family
    from ..host.network.random_network import stand_in
    from ..host.report.report import load_build
    from ..hw.boards import find_board
    from ..hw.program import ArrayShape
    from ..sim import measure

    built = [load_build(folder) for folder in builds]
    networks = [stand_in(family(name)) for name in FULL_SIZE]
    pixels = measure.random_pixels(networks[0].architecture, FULL_SIZE_IMAGES)
    pictures = Pictures(pixels, np.zeros(len(pixels), np.int64))
    speed = measure.measure_speed(networks[0], pictures, batch=FULL_SIZE_BATCH)
    _show_speed(output, FULL_SIZE[0], speed, accuracy=False)

    board = find_board(FULL_SIZE_BOARD)
    designs = [
        (None, board, compile_network(network, ArrayShape(*array)))
        for network in networks
        for array in FULL_SIZE_ARRAYS
    ]
    rows = [
        measure.measure_full_size(compiled, board, summary, simulated=simulated, tell=output.say)
        for summary, board, compiled in (*designs, *built)
    ]
    _show_cycles(output, "SqueezeNet at full size", [row.cycles for row in rows])
    _show_full_size(output, rows)
    return speed, rows


def _show_speed(output, title, speed, accuracy=True):
    table = output.table(f"{speed.images:,} pictures, {title}", "<", "top-1", "images/s")
    for name, top1, rate in (
        ("golden model, integers", speed.golden_top1, speed.golden_images_per_second),
        ("torch, float32", speed.float_top1, speed.float_images_per_second),
    ):
        table.add_row(name, f"{top1:.2%}" if accuracy else "", f"{rate:,.0f}")
    output.show(table)


def _show_cycles(output, title, all_cycles):
    table = output.table(
        title, "<network", "<array", "predicted", "simulated", "scores", "utilisation",
        "cycles/s simulated",
    )  # fmt: skip
    for cycles in all_cycles:
        simulated = (
            [""] * 2
            if cycles.simulated is None
            else [f"{cycles.simulated:,}", "wrong" if cycles.mismatches else "equal"]
        )
        rate = f"{cycles.cycles_per_second:,.0f}" if cycles.cycles_per_second else ""
        busy = f"{cycles.utilisation:.1%}"
        names = cycles.network, cycles.array
        table.add_row(*names, f"{cycles.predicted:,}", *simulated, busy, rate)
    output.show(table)


def _show_peers(output, comparisons):
    for peer in dict.fromkeys(each.peer for each in comparisons):
        own = [each for each in comparisons if each.peer == peer]
        title = f"{peer.name}: {own[0].macs:,} MACs (published: {peer.published})"
        table = output.table(
            title, "<by", "weights", "multipliers", "products/cycle", "cycles", "fewer", "frame",
            "simulated",
        )  # fmt: skip
        row = (peer.source, f"{peer.bits} bits", peer.multipliers, peer.multipliers)
        table.add_row(*map(str, row), f"{peer.cycles:,}", "", "", "")
        for each in own:
            simulated = "" if each.frame.simulated is None else f"{each.frame.simulated:,}"
            row = (f"Fireline {each.frame.array}", f"{each.bits} bits")
            numbers = (each.multipliers, each.products, f"{each.cycles:,}", f"{each.ratio:.1f} x")
            table.add_row(*row, *map(str, numbers), f"{each.frame.predicted:,}", simulated)
        output.show(table)


def _show_full_size(output, rows):
    from ..sim.peers import FULL_SIZE_PEERS

    table = output.table(
        "SqueezeNet at full size", "<network", "<array", "MHz", "frames/s", "multipliers",
        "by multiplier and GHz", "block RAMs", "LUTs", "bytes outside", "Verilog, s",
    )  # fmt: skip

    def show(network, array, each, *rest):
        rates = f"{each.clock_mhz:g}", f"{each.frames_per_second:,.1f}", f"{each.multipliers:,}"
        table.add_row(network, array, *rates, f"{each.per_multiplier:.1f}", *rest)

    for row in rows:
        luts = f"{row.luts:,}" if row.luts else ""
        seconds = f"{row.verilog_seconds:.1f}" if row.verilog_seconds else ""
        rest = f"{row.block_rams:,}", luts, f"{row.external_bytes:,}", seconds
        show(row.cycles.network, row.cycles.array, row, *rest)
    for peer in FULL_SIZE_PEERS:
        show("squeezenet1_1", peer.name, peer)
    output.show(table)


def _show_boards(output, boards):
    from ..sim.peers import PROCESSORS

    table = output.table(
        "On boards", "<board", "array", "LUTs", "multipliers", "block RAMs", "MHz", "MHz possible",
        "cycles", "frames/s",
    )  # fmt: skip
    for each in boards:
        summary = each.summary
        usage = (summary.luts, summary.multipliers, summary.block_rams)
        table.add_row(
            summary.board,
            each.cycles.array,
            *(f"{kind.used:,}" for kind in usage),
            f"{summary.clock_mhz:g}",
            f"{summary.fmax_mhz:g}",
            f"{each.cycles.predicted:,}",
            f"{each.frames_per_second:,.0f}",
        )
    output.show(table)
    for processor in PROCESSORS:
        output.say(
            f"{processor.frames_per_second:g} frames/s: {processor.name}, {processor.software}; "
            "MLPerf Tiny 1.1, CIFAR-10, 85 %"
        )


def _comparison(each):
    """As JSON knows it."""
    return {
        "name": each.peer.name,
        "source": each.peer.source,
        "source_cycles": each.peer.cycles,
        "source_multipliers": each.peer.multipliers,
        "source_bits": each.peer.bits,
        "source_work": each.peer.published,
        "bits": each.bits,
        "macs": each.macs,
        "products": each.products,
        "multipliers": each.multipliers,
        "cycles": each.cycles,
        "ratio": each.ratio,
        "frame": asdict(each.frame),
    }


def _full_size_row(each):
    """As JSON knows it."""
    rates = {
        "frames_per_second": each.frames_per_second,
        "per_multiplier": each.per_multiplier,
    }
    return asdict(each) | rates
