"""fireline export: a quantized network as an ONNX graph."""

import click

from .common import NET, Output, command
from .options.paths import OUTPUT


@command
@NET
@click.option(
    "--onnx", "file", metavar="FILE", type=OUTPUT, required=True, help="The graph to write."
)
def export(output: Output, net, file):
    """Write a network as an ONNX graph.

    The graph has integer operators only. Its input is uint8 [N, channels, height, width], RGB or
    grey pixels; its output is the integer scores that the hardware sends,
    without softmax. The graph's metadata holds two numbers: a logit is score * score_scale -
    score_offset.

    \b
    Example:
      fireline export cifar10 --onnx cifar10.onnx
    """
    from ..host.network.lookup import load_network
    from ..host.onnx.exporter import export_onnx

    network = load_network(net)
    export_onnx(network, file)
    output.say(f"{file}: reads pixels, writes {network.architecture.classes} integer scores")
    output.result(
        {
            "file": file,
            "score_scale": network.score_scale,
            "score_offset": network.score_offset,
        }
    )
