"""fireline simulate: the accelerator's Verilog compared with the golden model."""

from pathlib import Path

import click

from .common import ARRAY, HEAD, NET, TOOLS, Output, command
from .options.numbers import SEED, Real
from .options.paths import OUTPUT
from .options.pictures import PICTURES, STRICT, class_name, load_pictures


@command
@NET
@PICTURES
@ARRAY
@HEAD
@click.option(
    "--stall",
    type=Real(0, 0.95),
    default=0.0,
    show_default=True,
    metavar="P",
    help="Share of cycles, 0 to 0.95, in which pixels wait and, independently, scores wait.",
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of the random stalls.")
@click.option(
    "--vcd",
    metavar="FILE",
    type=OUTPUT,
    help="Write a waveform of the pictures, for GTKWave or Surfer: large.",
)
@TOOLS
@STRICT
def simulate(output: Output, net, pictures, array, head, stall, seed, vcd, tools, strict):
    """Run pictures through the simulated Verilog.

    Verilator simulates the accelerator; the pictures are sent back to back. One or two pictures are
    sent again until there are three frames, because the first frames may take more cycles than
    those that follow. Every score must equal the golden model's; otherwise the command names the
    first value inside of the network that differs, and the status is 1. With --head sdram the
    classifier's weights come from a simulated SDRAM; its input has as much memory as on a
    ulx3s-85f.

    A waveform (--vcd) holds every signal in every cycle, in the VCD format. One picture through the
    shipped network on an 8x8 array makes a file of 4.9 GB (206,048 cycles).

    \b
    Examples:
      fireline simulate cifar10 samples/cat-0.png --array 8x8
      fireline simulate cifar10 samples/*.png --array 16x16 --stall 0.3 --json result.json
      fireline simulate cifar10 samples/cat-0.png --array 8x8 --vcd cat.vcd
    """
    from ..host.compiler.head_choice import HeadPlace, compile_for
    from ..host.network.lookup import load_network
    from ..host.tools import Tools
    from ..sim.compare import simulate as run

    network = load_network(net)
    pixels = load_pictures(output, pictures, network.architecture, strict)
    compiled = compile_for(network, array, HeadPlace(head))
    file = None if vcd is None else Path(vcd)
    toolbox = Tools(tools, output.say)
    result = run(compiled, pixels, stall, seed, progress=output.say, vcd=file, tools=toolbox)
    table = output.table("", "<picture", "<class", "score", "cycles")
    for picture, frame in zip(pictures, result.frames, strict=True):
        score = frame.scores[frame.label]
        table.add_row(picture, class_name(network, frame.label), f"{score:,}", f"{frame.cycles:,}")
    output.show(table)
    output.say(
        f"{result.cycles_per_frame:,} cycles a frame (predicted: {compiled.timing.cycles:,}), "
        f"utilisation {result.utilisation:.1%}; "
        f"{result.cycles_per_second:,.0f} cycles a second simulated"
    )
    if file:
        output.say(f"{file}: the waveform, {file.stat().st_size / 1e6:,.1f} MB")
    output.result(result.to_json(pictures))
    if result.mismatches:
        output.say(f"{result.mismatches} scores differ from the golden model's")
        output.say(f"the first value to differ: {result.difference}")
        return 1
    output.say("every score equals the golden model's")
    return 0
