"""Accuracy and speed of the golden model and of the float network, on the host's processor."""

import time
from dataclasses import dataclass
from pathlib import Path

from ...host.data.dataset import Pictures
from ...host.evaluate import evaluate
from ...host.network.quantized import QuantizedNetwork

WARM_UP = 32
"""Pictures that both classify before the measurement."""


@dataclass(frozen=True)
class Speed:
    """The golden model and the float network on the same pictures, one after the other."""

    images: int  # pictures
    golden_top1: float
    golden_images_per_second: float
    float_top1: float
    float_images_per_second: float


def measure_speed(
    network: QuantizedNetwork, pictures: Pictures, weights: Path | None = None, batch: int = 128
) -> Speed:
    """Classifies the pictures, `batch` at a time, with the golden model and in float32 with torch.

    Without `weights`, torch's weights are random.
    """
    from ...host.float_network.checkpoint.load import load_checkpoint
    from ...host.float_network.squeezenet import SqueezeNet
    from ...host.training.accuracy import accuracy as float_accuracy

    architecture, labels = network.architecture, pictures.labels[:WARM_UP]
    model = load_checkpoint(weights, architecture) if weights else SqueezeNet(architecture)
    evaluate(network, pictures.pixels[:WARM_UP], labels)
    float_accuracy(model, architecture, Pictures(pictures.pixels[:WARM_UP], labels))
    started = time.perf_counter()
    accuracy = evaluate(network, pictures.pixels, pictures.labels, batch)
    between = time.perf_counter()
    float_top1 = float_accuracy(model, architecture, pictures, batch)
    ended = time.perf_counter()
    count = len(pictures)
    return Speed(
        count, accuracy.top1, count / (between - started), float_top1, count / (ended - between)
    )
