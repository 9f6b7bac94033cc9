"""fireline build: make a bitstream for a board."""

import shlex
from functools import partial
from pathlib import Path

import click

from ..errors import FirelineError
from .common import HEAD_ON_BOARD, TOOLS, Array, Output, command
from .options.numbers import POSITIVE
from .options.paths import INPUT, OutputFolder


def _files() -> tuple[str, ...]:
    from ..host.bitstream.summary import FILES

    return FILES


@command
@click.argument("net", metavar="NET|ARCH", type=INPUT)
@click.option("--board", metavar="BOARD", required=True, help="See: fireline boards.")
@click.option(
    "--array", type=Array(), help="The array's shape, such as 8x8; by default the board's own."
)
@HEAD_ON_BOARD
@click.option(
    "--clock", type=POSITIVE, metavar="MHZ", help="The core's clock; by default the board's own."
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    metavar="N",
    help="Placements to try; the fastest is kept.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Simulate the netlist and compare its scores with the golden model: minutes more.",
)
@TOOLS
@click.option(
    "-o",
    "folder",
    metavar="DIR",
    type=OutputFolder(_files, scratch=True),
    required=True,
    help="Folder for the bitstream.",
)
def build(output: Output, net, board, array, head, clock, seeds, verify, tools, folder):
    """Make a bitstream for a board.

    The command runs Yosys, nextpnr and ecppack. It stops a placement whose routing makes no
    progress; if none can be routed, it tries all again with nextpnr's other router. It reads the
    bitstream back and checks it. DIR/build.json names every tool's version. A build that fails
    leaves nothing behind. The status is 1 if the design misses the clock.

    With --verify it also simulates the very netlist that nextpnr places, cell by cell, from
    power-up: a frame goes through the serial link, and each score must equal the golden model's. It
    runs beside nextpnr and takes about five minutes for cifar10 on an 8x8 array, longer for larger
    arrays. A score that differs fails the build.

    An ARCH gets random weights, of 8 bits in conv1 and 4 elsewhere, to see its size and speed
    before it is trained.

    \b
    Examples:
      fireline build cifar10 --board ulx3s-25f -o build/ulx3s-25f
      fireline build cifar10 --board ulx3s-25f --verify -o build/ulx3s-25f
      fireline build cifar10 --board ulx3s-85f --array 16x16 --seeds 4 -o build/ulx3s-85f
      fireline build squeezenet1_1 --board ulx3s-85f --array 16x32 -o build/squeezenet1_1
    """
    from ..host.bitstream.build import build as make
    from ..host.bitstream.design import design
    from ..host.bitstream.slow_paths import SlowPaths
    from ..host.bitstream.summary import SLOW_PATHS
    from ..host.compiler.head_choice import HeadPlace, compile_for
    from ..host.network.lookup import is_network, load_network, resolve
    from ..host.network.random_network import stand_in
    from ..host.tools import Tools
    from ..hw.boards import find_board
    from ..hw.ecp5.pll import pll_settings
    from ..hw.link.baud import BAUD, divisor_of
    from ..sim.netlist import verification, why_not

    chosen = find_board(board)
    clock = chosen.clock_mhz if clock is None else clock
    divisor_of(pll_settings(chosen.oscillator_mhz, clock).output_mhz, BAUD)  # or it is refused
    network = load_network(net) if is_network(net) else stand_in(resolve(net))
    compiled = compile_for(network, array or chosen.array, HeadPlace(head), chosen, clock)
    if verify and (reason := why_not(network, compiled.streamed is not None)):
        raise FirelineError(reason)
    top = design(compiled, chosen, clock)
    toolbox = Tools(tools, output.say)
    with output.steps() as progress:
        verifier = partial(verification, top=top, network=network, progress=progress, tools=toolbox)
        summary = make(
            top,
            folder,
            compiled=compiled,
            seeds=seeds,
            verifier=verifier if verify else None,
            tools=toolbox,
            progress=progress,
        )
    frames = summary.frames_per_second(compiled.timing.cycles)
    table = output.table("", "<", "used", "of")
    for what in ("luts", "ffs", "multipliers", "block_rams"):
        usage = getattr(summary, what)
        name = {"luts": "LUTs", "ffs": "flip-flops"}.get(what, what.replace("_", " "))
        table.add_row(name, f"{usage.used:,}", f"{usage.available:,}")
    output.show(table)
    output.say(
        f"clock {summary.clock_mhz:g} MHz, up to {summary.fmax_mhz:g} MHz possible; "
        f"{frames:,.0f} frames a second of {compiled.timing.cycles:,} cycles"
    )
    output.say(f"tools: {', '.join(f'{name} {tool}' for name, tool in summary.tools.items())}")
    output.say(f"checked in the bitstream: {', '.join(summary.checks)}")
    if summary.verified:
        output.say(
            f"verified: {summary.verified} scores of the simulated netlist equal the golden model's"
        )
    if is_network(net):
        output.say(f"to load it: {shlex.join(['fireline', 'flash', folder])}")
    else:
        output.say(f"{net} names no trained network: the weights are random")
    output.result(
        {
            "board": summary.board,
            "array": str(compiled.program.array),
            "fmax_mhz": summary.fmax_mhz,
            "clock_mhz": summary.clock_mhz,
            "frames_per_second": frames,
            "cycles_per_frame": compiled.timing.cycles,
            "utilisation": compiled.utilisation,
            "luts": summary.luts.used,
            "ffs": summary.ffs.used,
            "multipliers": summary.multipliers.used,
            "block_rams": summary.block_rams.used,
            "seed": summary.seed,
            "verified": summary.verified,
            "tools": summary.tools,
            "bitstream": f"{folder}/{summary.bitstream}",
        }
    )
    if not summary.meets_timing:
        table = output.table("the slowest paths end at", "<", "paths", "up to ns")
        for end in SlowPaths.read(Path(folder) / SLOW_PATHS).ends:
            table.add_row(end.name, f"{end.paths:,}", f"{end.nanoseconds:.2f}")
        if table.row_count:
            output.show(table)
        output.say(f"the design misses its clock: build again with --clock {int(summary.fmax_mhz)}")
        return 1
    return 0
