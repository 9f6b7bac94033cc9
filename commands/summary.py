"""fireline summary: a network layer by layer."""

from typing import Any

import click

from .common import HEAD, Array, Output, command, number
from .options.paths import INPUT
from .options.together import only_with


@command
@click.argument("name", metavar="NET|ARCH", type=INPUT)
@click.option("--array", type=Array(), help="Also predict the cycles on this array, such as 8x8.")
@HEAD
def summary(output: Output, name, array, head):
    """Show a network layer by layer, and the size of its weights.

    Lists shapes, parameters, MACs, bits and, with --array, cycles. A Fire's two expands run
    together; their cycles are listed at expand3x3. For an ARCH, the cycles are those of 4-bit
    weights, 8 bits in conv1. The size of the weights is given in float32 and, for a NET, in the ROM
    and Huffman-coded.

    \b
    Examples:
      fireline summary cifar10 --array 8x8
      fireline summary squeezenet1_1
      fireline summary my_network.toml --array 16x16
    """
    from dataclasses import asdict

    from ..host.network.lookup import is_network, load_network, resolve
    from ..host.report.summary import PAPER, summarise, weight_sizes

    only_with("--array", array is not None, "head")
    network = load_network(name) if is_network(name) else None
    architecture = network.architecture if network else resolve(name)
    compiled = None
    if array:
        from ..host.compiler.head_choice import HeadPlace, compile_for
        from ..host.network.random_network import stand_in

        compiled = compile_for(network or stand_in(architecture), array, HeadPlace(head))
    layers = summarise(architecture, network, compiled)
    title = (
        f"{architecture.name}, {architecture.channels}x{architecture.height}x{architecture.width}"
    )
    table = output.table(
        title, "<layer", "<kernel", "output", "parameters", "MACs", "bits", "cycles"
    )
    for layer in layers:
        kernel = f"{layer.kernel}x{layer.kernel} / {layer.stride}" if layer.kernel else ""
        shape = "x".join(map(str, layer.shape))
        numbers = map(number, (layer.parameters or None, layer.macs or None))
        table.add_row(layer.name, kernel, shape, *numbers, *map(number, (layer.bits, layer.cycles)))
    totals: dict[str, Any] = {
        "parameters": sum(layer.parameters for layer in layers),
        "macs": sum(layer.macs for layer in layers),
        "cycles": compiled.timing.cycles if compiled else None,
    }
    table.add_section()
    table.add_row(
        "total", "", "", *map(number, (*list(totals.values())[:2], None, totals["cycles"]))
    )
    output.show(table)
    output.say(_classifier(architecture, network))
    sizes = asdict(weight_sizes(architecture, network))
    _show_sizes(output, sizes, PAPER)
    if compiled:
        output.say(
            f"array {array}: utilisation {compiled.utilisation:.1%}, which is the frame's "
            "multiply-accumulates divided by those possible in its cycles (8-bit weights count "
            "twice; taps on the padding count, although they are skipped)"
        )
        if compiled.streamed:
            output.say(f"{compiled.external_bytes:,} bytes of weights are streamed each frame")
        totals |= {"array": str(array), "utilisation": compiled.utilisation}
    output.result(
        {
            "name": architecture.name,
            "last_relu": architecture.last_relu,
            "score_offset": network.score_offset if network else None,
            **totals,
            "weight_bytes": sizes,
            "paper_megabytes": PAPER,
            "layers": [asdict(row) for row in layers],
        }
    )


def _classifier(architecture, network):
    """Which of the two kinds of classifier the network has."""
    if architecture.last_relu:
        return "last ReLU: yes, between the classifier and the average"
    if network is None:
        return "last ReLU: none between the classifier and the average"
    return (
        "last ReLU: none between the classifier and the average; "
        f"all classes have the offset {network.score_offset:.4g}"
    )


def _show_sizes(output, sizes, paper):
    table = output.table("Weights", "<", "bytes", "MB", "times smaller")
    for form, size in zip(("float32", "in the ROM", "Huffman-coded"), sizes.values(), strict=True):
        if size is not None:
            ratio = f"{sizes['float32'] / size:.1f}"
            table.add_row(form, f"{size:,}", f"{size / 2**20:.2f}", ratio)
    table.add_section()
    for form, megabytes in paper.items():
        ratio = f"{paper['float32'] / megabytes:.1f}"
        table.add_row(f"the paper's SqueezeNet, {form}", "", f"{megabytes:g}", ratio)
    output.show(table)
