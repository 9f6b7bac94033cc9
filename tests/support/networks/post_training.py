"""A small network with both kinds of bypass, which post-training quantization handles quickly."""

import dataclasses

import numpy as np
import torch
from fireline.host.float_network.fold import fold
from fireline.host.float_network.squeezenet import SqueezeNet
from fireline.host.network.architecture import Architecture
from fireline.host.network.stage import Bypass, Conv1, Fire, MaxPool
from fireline.host.network.weight_bits import layer_bits
from fireline.host.quantization.post_training.fidelity import Fidelity, fidelity, logits
from fireline.host.quantization.post_training.settings import FAST, Settings
from fireline.host.quantization.post_training.work import Work
from support.networks.strategies import preprocessing
from support.networks.torch_networks import draw_model, draw_pixels

SMALL = Architecture(
    "small",
    3,
    13,
    12,
    preprocessing(3),
    (
        Conv1(16, 3, 1, 1),
        MaxPool(),
        Fire(8, 8, 8, Bypass.SIMPLE),
        Fire(8, 12, 20, Bypass.COMPLEX),
        Fire(8, 16, 16),
    ),
    5,
)
PIXELS = draw_pixels(SMALL, 64)
FRESH = draw_pixels(SMALL, 96)[64:]  # pictures that no step learns from


def small_model(confidence: float = 20.0, last_relu: bool = True) -> SqueezeNet:
    """A network whose logits differ enough that rounding changes its class distribution."""
    model = draw_model(dataclasses.replace(SMALL, last_relu=last_relu), batch_norm=True)
    with torch.no_grad():
        model.classifier[1].weight *= confidence
    return model


def small_work(
    model: SqueezeNet | None = None,
    pixels: np.ndarray = PIXELS,
    bits: int = 4,
    settings: Settings = FAST,
) -> Work:
    """Work whose student is rounded to nearest."""
    model = model or small_model()
    return Work(fold(model), pixels, layer_bits(model.architecture, bits), settings)


def fresh_fidelity(work: Work) -> Fidelity:
    """Fidelity on pictures that no step learns from."""
    return fidelity(work.student, FRESH, logits(work.folded, FRESH))


def ignore(share: float) -> None:
    """A report without effect."""
