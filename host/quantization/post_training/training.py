"""What the steps that train share: the optimizer, its learning rates, and the device."""

import math
from collections.abc import Iterable

import torch

from ...network.architecture import Layer, LayerKind
from ..map_scales import SCALE_RATE
from ..quantized_training import QuantizedTraining
from .work import Work

BATCH = 16
WEIGHT_RATE = 2e-3  # Adam's rate at its peak, in mean step sizes of a layer's weights
BIAS_RATE = 2e-2  # in units of the layer's output
SCALE_STEP = 1e-4  # relative to a map's scale
WARMUP = 0.05  # share of the training in which rates climb to their peak; a cosine follows


def optimizer(
    student: QuantizedTraining, layers: Iterable[Layer], weights: bool, scales: bool
) -> torch.optim.Adam:
    """Adam for the layers' biases and optionally their weights and the scales of their maps.

    Leaves conv1 out, because its 8-bit weights lose little and its maps are the largest.
    """
    student.requires_grad_(False)
    rates: dict[torch.nn.Parameter, float] = {}
    for layer in layers:
        if layer.kind is LayerKind.CONV1:
            continue
        conv = student.conv(layer)
        read, written = (scale.item() for scale in student.scales_of(layer))
        rates[conv.bias] = BIAS_RATE * written
        if weights:
            step_size = (conv.step_size * conv.ratio.view(-1, 1, 1, 1)).mean().item()
            rates[conv.weight] = WEIGHT_RATE * step_size * written / read
        if scales:
            rates[student.scale_change(layer)] = SCALE_STEP / SCALE_RATE
    groups = [{"params": [p.requires_grad_()], "peak": peak} for p, peak in rates.items()]
    return torch.optim.Adam(groups, betas=(0.9, 0.99))


def set_rates(adam: torch.optim.Adam, done: float) -> None:
    """Sets the learning rates for the moment when a share of the training, 0..1, is done."""
    share = done / WARMUP
    if done >= WARMUP:
        share = (1 + math.cos(math.pi * (done - WARMUP) / (1 - WARMUP))) / 2
    for group in adam.param_groups:
        group["lr"] = group["peak"] * share


def training_device() -> torch.device:
    """The GPU if torch finds one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def mixed_precision(work: Work, device: torch.device) -> torch.autocast:
    """Autocast to bfloat16 if the settings ask for it; bfloat16 holds every integer up to 256."""
    return torch.autocast(device.type, torch.bfloat16, enabled=work.settings.bfloat16)


def relative_error(found: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Mean squared error divided by the mean square of ``wanted``."""
    found, wanted = found.float(), wanted.float()
    return (found - wanted).square().mean() / wanted.square().mean().clamp(min=1e-30)
