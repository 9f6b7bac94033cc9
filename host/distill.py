"""Quantization with training on pictures without labels: the integers learn what float says."""

import math
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch.nn import functional

from .augment import augment
from .model import SqueezeNet, normalise
from .network import QuantizedNetwork
from .quantize import QuantizedTraining

EPOCHS = 16  # passes over the calibration pictures
BATCH = 16
LEARNING_RATE = 1e-4  # of Adam, at its peak; a cosine takes it to zero
WARMUP = 0.1  # share of the steps in which the rate climbs to its peak


def distill(
    model: SqueezeNet,
    calibration: np.ndarray,
    bits: Mapping[str, int] | int = 4,
    epochs: int = EPOCHS,
    learning_rate: float = LEARNING_RATE,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> QuantizedNetwork:
    """Rounds a trained network as ``quantize`` does and trains it on to agree with the float one.

    The loss is the divergence of Hinton et al., "Distilling the Knowledge in a Neural Network",
    2015, at temperature 1, on the calibration pictures uint8 [N, H, W, C], shifted and mirrored. If
    that ends further from float than rounding alone, rounding it is. ``progress`` is told how many
    of how many steps are done. Raises FirelineError as ``quantize``.
    """
    student = QuantizedTraining(model, calibration, bits)
    rounded, start = student.network(), _divergence(model, student, calibration)
    optimizer = torch.optim.Adam(student.parameters(), lr=learning_rate)
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.from_numpy(calibration)
    batches = -(-len(pixels) // BATCH)
    steps = epochs * batches
    student.train()
    for step in range(steps):
        if step % batches == 0:
            order = torch.randperm(len(pixels), generator=generator)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * _share(step / steps)
        x = normalise(
            model.architecture, augment(pixels[order[step % batches :: batches]], generator)
        )
        optimizer.zero_grad()
        _loss(model, student, x).backward()
        optimizer.step()
        if progress:
            progress(step + 1, steps)
    student.eval()
    return student.network() if _divergence(model, student, calibration) < start else rounded


def _share(done: float) -> float:
    """Of the peak learning rate, when that share of the steps is done."""
    if done < WARMUP:
        return done / WARMUP
    return (1 + math.cos(math.pi * (done - WARMUP) / (1 - WARMUP))) / 2


def _loss(model: SqueezeNet, student: QuantizedTraining, x: torch.Tensor) -> torch.Tensor:
    """How far the student's classes are from the model's, a picture."""
    with torch.no_grad():
        wanted = functional.log_softmax(model(x), 1)
    found = functional.log_softmax(student(x).float(), 1)
    return functional.kl_div(found, wanted, reduction="batchmean", log_target=True)


def _divergence(model: SqueezeNet, student: QuantizedTraining, pixels: np.ndarray) -> float:
    """The loss on all pictures, of the integers as they are."""
    student.eval()
    total = 0.0
    with torch.inference_mode():
        for first in range(0, len(pixels), BATCH):
            x = normalise(model.architecture, pixels[first : first + BATCH])
            total += float(_loss(model, student, x)) * len(x)
    return total / len(pixels)
