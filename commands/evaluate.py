"""fireline evaluate: the accuracy of a quantized network."""

import time
from typing import TYPE_CHECKING, Any

import click

from .common import NET, Output, command
from .float_weights import read_weights
from .options.numbers import COUNT
from .options.paths import INPUT
from .options.pictures import STRICT, reading

if TYPE_CHECKING:
    import numpy as np

    from ..host.float_network.fold import FoldedNetwork
    from ..host.network.quantized import QuantizedNetwork


@command
@NET
@click.option("--data", metavar="DIR", type=INPUT, required=True, help="Labelled pictures.")
@click.option(
    "--against", metavar="FILE", type=INPUT, help="Float weights to compare the classes with."
)
@click.option(
    "--batch", type=COUNT, default=32, show_default=True, help="Pictures computed at a time."
)
@STRICT
def evaluate(output: Output, net, data, against, batch, strict):
    """Measure a quantized network's accuracy.

    The golden model computes the same integers as the hardware. DIR has one sub-folder per class,
    or pictures and labels.csv (file,class), or is CIFAR-10.

    \b
    Examples:
      fireline samples cifar10 -o samples
      fireline evaluate cifar10 --data samples
      fireline evaluate mine.fireline --data photos --against mine.safetensors
    """
    from ..host.data.dataset import load_test
    from ..host.evaluate import evaluate as measure
    from ..host.evaluate import rank
    from ..host.network.lookup import load_network

    network = load_network(net)
    model = _float_model(output, network, against) if against else None
    how = reading(output, strict)
    pictures = load_test(data, network.architecture, network.class_names, how)
    wanted = _logits(model, pictures.pixels) if model is not None else None
    others = None if wanted is None else wanted.argmax(1)
    started = time.perf_counter()
    with output.progress("golden model") as report:
        accuracy = measure(network, pictures.pixels, pictures.labels, batch, report, others)
    rate = accuracy.pictures / (time.perf_counter() - started)
    output.say(
        f"{accuracy.top1:.2%} top-1, {accuracy.top5:.2%} top-5 of {accuracy.pictures:,} pictures, "
        f"{rate:,.0f} per second"
    )
    if accuracy.silent:
        output.say(_silent(network, accuracy.silent))
    result: dict[str, Any] = {
        "images": accuracy.pictures,
        "silent": accuracy.silent,
        "top1": accuracy.top1,
        "top5": accuracy.top5,
        "images_per_second": rate,
    }
    if wanted is not None:
        places = rank(wanted, pictures.labels)
        float_top1, float_top5 = float((places < 1).mean()), float((places < 5).mean())
        output.say(
            f"{accuracy.same:.2%} of them get the same class as in float, which reaches "
            f"{float_top1:.2%} top-1, {float_top5:.2%} top-5"
        )
        result |= {"same": accuracy.same, "float_top1": float_top1, "float_top5": float_top5}
    output.result(result)


def _silent(network: "QuantizedNetwork", pictures: int) -> str:
    """A warning of pictures whose scores are all zero."""
    text = f"warning: all scores are zero on {pictures} pictures, so the first class wins there"
    if not network.architecture.last_relu:
        return text + "; quantize the network again with pictures that are more like these"
    return (
        text + "; if the network was trained without a ReLU behind the classifier, quantize it "
        "again with --no-last-relu, or last_relu = false in the TOML file"
    )


def _float_model(output: Output, network: "QuantizedNetwork", weights: str) -> "FoldedNetwork":
    """The network with float weights from a file; BatchNorm is folded in."""
    from ..host.float_network.fold import fold

    return fold(read_weights(output, weights, network.architecture).model)


def _logits(model: "FoldedNetwork", pixels: "np.ndarray") -> "np.ndarray":
    """Logits of a float network, [N, classes]."""
    from ..host.quantization.post_training.fidelity import logits

    return logits(model, pixels).numpy()
