"""fireline simulate: the Verilog against the golden model."""

import click

from .common import ARRAY, HEAD, NET, Output, command
from .pictures import PICTURES, STRICT, class_name, load_pictures


@command
@NET
@PICTURES
@ARRAY
@HEAD
@click.option("--stall", default=0.0, metavar="P", help="Share of cycles in which each end waits.")
@click.option("--seed", default=0, show_default=True, help="Of the waiting.")
@STRICT
def simulate(output: Output, net, pictures, array, head, stall, seed, strict):
    """Run pictures through the simulated Verilog.

    The pictures are sent back to back. Every score must equal the golden model's; if one does not,
    the first value inside of the network that differs is named and the status is 1. With --head
    sdram the classifier's weights come from a simulated SDRAM; its input has as much memory as on a
    ulx3s-85f.

    \b
    Examples:
      fireline simulate cifar10 samples/cat-0.png --array 8x8
      fireline simulate cifar10 samples/*.png --array 16x16 --stall 0.3 --json result.json
    """
    from ..host.compiler.head_choice import HeadPlace, compile_for
    from ..host.network.lookup import load_network
    from ..sim.compare import simulate as run

    network = load_network(net)
    pixels = load_pictures(output, pictures, network.architecture, strict)
    compiled = compile_for(network, array, HeadPlace(head))
    result = run(compiled, pixels, stall, seed, progress=output.say)
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
    output.result(result.to_json(pictures))
    if result.mismatches:
        output.say(f"{result.mismatches} scores differ from the golden model's")
        output.say(f"the first value to differ: {result.difference}")
        return 1
    output.say("every score equals the golden model's")
    return 0
