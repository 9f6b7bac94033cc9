"""End-to-end distillation: trains all layers to reproduce the float network's classes and maps.

Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, section 2, at temperature 1.
The loss adds the squared error of each Fire's map, as in Romero et al., "FitNets: Hints for Thin
Deep Nets", ICLR 2015.
"""

from pathlib import Path

import torch
from torch.nn import functional

from ...float_network.fold import FoldedNetwork
from ...float_network.partial import load_partial, save_partial
from ...float_network.walk import Convolve, Join, walk
from ...network.architecture import Architecture
from ..maps import convolutions
from ..quantized_training import QuantizedTraining
from .training import BATCH, mixed_precision, optimizer, relative_error, set_rates, training_device
from .views import draw_views
from .work import Report, Work

FEATURES = 0.5  # weight of the maps' mean relative squared error beside the divergence


def distill(work: Work, report: Report) -> None:
    """The step: trains every layer on views of the pictures; resumable after every epoch."""
    epochs, scales = work.settings.epochs, work.learn_scales
    train_towards_float(work, epochs, report, weights=True, scales=scales, partial=work.partial)


def train_towards_float(
    work: Work,
    epochs: int,
    report: Report,
    weights: bool,
    scales: bool,
    partial: Path | None = None,
) -> None:
    """Trains biases and optionally weights and scales, ``epochs`` passes over the pictures.

    With the file ``partial``, saves its state after every epoch and resumes an interrupted run.
    """
    device = training_device()
    folded, student = work.folded.to(device), work.student.to(device)
    student.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs
    layers = convolutions(folded.architecture)
    adam = optimizer(student, layers, weights, scales)
    pixels = torch.from_numpy(work.pixels)
    batches = -(-len(pixels) // BATCH)
    description, first = work.description(), 0
    if partial and partial.exists():
        first = load_partial(partial, student, adam, description)
    student.train()
    for epoch in range(first, epochs):
        generator = torch.Generator().manual_seed(work.settings.seed * 1_000_003 + epoch)
        order = torch.randperm(len(pixels), generator=generator)
        for batch in range(batches):
            set_rates(adam, (epoch + batch / batches) / epochs)
            x = draw_views(pixels[order[batch::batches]], generator).to(device)
            x = x.contiguous(memory_format=torch.channels_last)
            with mixed_precision(work, device):
                loss = _loss(folded, student, x)
            adam.zero_grad()
            loss.backward()
            adam.step()
            report((epoch + (batch + 1) / batches) / epochs)
        if partial:
            save_partial(partial, student, adam, description, epoch + 1)
    work.student = student.cpu().eval()


def _loss(folded: FoldedNetwork, student: QuantizedTraining, x: torch.Tensor) -> torch.Tensor:
    """Distance of the student's classes and maps from float's, on pixels [N, C, H, W]."""
    with torch.no_grad():
        wanted_maps, wanted = _maps(folded.architecture, x, folded.rectified, folded.join)
        wanted = functional.log_softmax(wanted.float().mean((2, 3)), 1)
    maps, classes = _maps(folded.architecture, x, student.convolve, student.join)
    found = functional.log_softmax(student.logits(classes.float()), 1)
    loss = functional.kl_div(found, wanted, reduction="batchmean", log_target=True)
    for name, found in maps.items():
        error = relative_error(found * student.scale(name), wanted_maps[name])
        loss = loss + FEATURES / len(maps) * error
    return loss


def _maps(
    architecture: Architecture, x: torch.Tensor, convolve: Convolve, join: Join
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """The map of every Fire by name, and the classifier's."""
    maps = {}

    def keep(name: str, expanded: torch.Tensor, skipped: torch.Tensor | None) -> torch.Tensor:
        maps[name] = join(name, expanded, skipped)
        return maps[name]

    return maps, walk(architecture, x, convolve, keep)
