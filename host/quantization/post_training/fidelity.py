"""Measures how closely a network's integers follow the float network, without labels."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from ...float_network.fold import FoldedNetwork
from ...float_network.walk import walk
from ..calibrate import batches
from ..quantized_training import QuantizedTraining


@dataclass(frozen=True)
class Fidelity:
    """The integers' logits compared with the float network's."""

    decibels: float  # ratio of signal to quantization noise
    same: float  # share of the pictures, 0..1, whose class is the float network's
    divergence: float  # Kullback-Leibler, of the class distributions, nats a picture
    distance: float  # total variation distance of the class distributions, 0..1, mean of pictures


def logits(network: FoldedNetwork, pixels: np.ndarray) -> torch.Tensor:
    """The float network's logits [N, classes] of pixels uint8 [N, H, W, C]."""
    with torch.inference_mode():
        maps = (
            walk(network.architecture, batch, network.rectified, network.join)
            for batch in batches(network.architecture, pixels)
        )
        return torch.cat([classes.mean((2, 3)) for classes in maps])


def fidelity(student: QuantizedTraining, pixels: np.ndarray, wanted: torch.Tensor) -> Fidelity:
    """Compares the integers' logits of pixels uint8 [N, H, W, C] with the float network's."""
    student.eval()
    with torch.inference_mode():
        maps = (
            walk(student.architecture, batch, student.convolve, student.join)
            for batch in batches(student.architecture, pixels)
        )
        found = torch.cat([student.logits(classes) for classes in maps]).float()
    noise = (found - wanted).double().square().sum().clamp(min=1e-30)
    signal = wanted.double().square().sum().clamp(min=1e-30)
    own, others = functional.log_softmax(found, 1), functional.log_softmax(wanted, 1)
    return Fidelity(
        decibels=float(10 * torch.log10(signal / noise)),
        same=float((found.argmax(1) == wanted.argmax(1)).float().mean()),
        divergence=float(functional.kl_div(own, others, reduction="batchmean", log_target=True)),
        distance=float((own.exp() - others.exp()).abs().sum(1).mean() / 2),
    )
