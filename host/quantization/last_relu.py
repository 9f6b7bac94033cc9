"""What the classifier's ReLU, or the offset in its place, does to the calibration pictures."""

from dataclasses import dataclass

import numpy as np
import torch

from ..float_network.fold import fold
from ..float_network.squeezenet import SqueezeNet
from ..float_network.walk import walk
from ..network.architecture import Layer, LayerKind
from .calibrate import batches
from .post_training.fidelity import logits
from .quantized_training import QuantizedTraining

PICTURES = 256  # at most, on which `silence` runs the network


def silence(model: SqueezeNet, pixels: np.ndarray) -> str | None:
    """A warning if the network's last ReLU makes all scores of a picture zero; else None.

    ``pixels`` are the calibration pictures, uint8 [N, H, W, C], of which evenly spread ones are
    tried.
    """
    if not model.architecture.last_relu:
        return None
    tried = pixels[:: -(-len(pixels) // PICTURES)]
    silent = int((logits(fold(model), tried).amax(1) <= 0).sum())
    if not silent:
        return None
    return (
        f"warning: all scores are zero on {silent} of {len(tried)} calibration pictures, so the "
        "first class wins there; if the network was trained without a ReLU behind the classifier, "
        "use --no-last-relu, or last_relu = false in the TOML file"
    )


@dataclass(frozen=True)
class Clipping:
    """How often the classifier's integers meet an end of their range, without a last ReLU."""

    offset: float  # of all classes
    below: float  # share, 0..1, of the values of all classes, pixels and pictures
    above: float
    pictures: int
    changed: int  # pictures whose class would be another one without clipping

    def __str__(self) -> str:
        """A line for the user."""
        return (
            f"no last ReLU: all classes have the offset {self.offset:.4g}; of their values, "
            f"{self.below:.2%} are cut off below and {self.above:.2%} above, which changes the "
            f"class of {self.changed} of {self.pictures} pictures"
        )


def clipping(student: QuantizedTraining, pixels: np.ndarray) -> Clipping:
    """Counts the classifier's clipped values on pictures uint8 [N, H, W, C]."""
    below = above = values = changed = 0

    def convolve(layer: Layer, x: torch.Tensor) -> torch.Tensor:
        nonlocal below, above, values, changed
        if layer.kind is not LayerKind.CLASSIFIER:
            return student.convolve(layer, x)
        conv = student.conv(layer)
        sums = conv.sums(x, layer.stride, *student.scales_of(layer)).double()
        exact = (sums * conv.ratio.double().view(-1, 1, 1) + 0.5).floor()
        clipped = exact.clamp(0, conv.maximum)
        below += int((exact < clipped).sum())
        above += int((exact > clipped).sum())
        values += exact.numel()
        changed += int((exact.sum((2, 3)).argmax(1) != clipped.sum((2, 3)).argmax(1)).sum())
        return clipped

    student.eval()
    with torch.inference_mode():
        for batch in batches(student.architecture, pixels):
            walk(student.architecture, batch, convolve, student.join)
    return Clipping(student.offset, below / values, above / values, len(pixels), changed)
