"""Bias correction: adjusts biases so that every channel's mean sum equals the float network's.

Nagel et al., "Data-Free Quantization through Weight Equalization and Bias Correction", ICCV 2019,
section 4.2. The means come from calibration pictures (appendix D), not from batch normalisation.
"""

import torch

from ...float_network.fold import pad
from ...float_network.walk import walk
from ...network.architecture import Layer, LayerKind
from .work import Report, Work

PICTURES = 64  # at most


def correct_biases(work: Work, report: Report) -> None:
    """The step: corrects the biases now, and whenever a later step rounds to nearest."""
    work.after_rounding = correct
    correct(work, report)


def correct(work: Work, report: Report = lambda share: None) -> None:
    """Corrects the biases of layer after layer, on a batch of pictures.

    All classes get the same correction, because the pictures do not show all classes equally often:
    individual corrections would favour those that they show. Without a last ReLU, they get none,
    because it would not change their order.
    """
    student, means = work.student.eval(), work.statistics.means
    batch = torch.from_numpy(work.pixels[:PICTURES]).permute(0, 3, 1, 2).float()
    done = 0

    def convolve(layer: Layer, x: torch.Tensor) -> torch.Tensor:
        nonlocal done
        conv, (read, written) = student.conv(layer), student.scales_of(layer)
        sums = conv.sums(pad(student.architecture, layer, x), layer.stride, read, written)
        found = sums.mean((0, 2, 3)) * conv.ratio * written
        error = means[layer.name][: len(batch)].mean(0) - found
        if layer.kind is not LayerKind.CLASSIFIER:
            conv.bias.add_(error)
        elif student.architecture.last_relu:
            conv.bias.add_(error.mean())
        done += 1
        report(done / len(student.convs))
        return student.convolve(layer, x)

    with torch.no_grad():
        walk(student.architecture, batch, convolve, student.join)
