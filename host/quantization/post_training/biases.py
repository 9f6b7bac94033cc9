"""Bias correction: each channel's sums get back the mean that they have in float.

Nagel et al., "Data-Free Quantization through Weight Equalization and Bias Correction", ICCV 2019,
section 4.2, with means from pictures (its appendix D) instead of from batch normalisation.
"""

import torch

from ...float_network.fold import pad
from ...float_network.walk import walk
from ...network.architecture import Layer, LayerKind
from .work import Report, Work

PICTURES = 64  # at most


def correct_biases(work: Work, report: Report) -> None:
    """The stage: now, and whenever a later stage rounds to nearest."""
    work.after_rounding = correct
    correct(work, report)


def correct(work: Work, report: Report = lambda share: None) -> None:
    """Biases of layer after layer, on a batch of pictures.

    The classes all get the same correction: their own would favour those of the pictures.
    """
    student, means = work.student.eval(), work.statistics.means
    batch = torch.from_numpy(work.pixels[:PICTURES]).permute(0, 3, 1, 2).float()
    done = 0

    def convolve(layer: Layer, x: torch.Tensor) -> torch.Tensor:
        nonlocal done
        conv, (read, written) = student.convs[layer.name], student.scales_of(layer)
        sums = conv.sums(pad(student.architecture, layer, x), layer.stride, read, written)
        found = sums.mean((0, 2, 3)) * conv.ratio * written
        error = means[layer.name][: len(batch)].mean(0) - found
        conv.bias += error.mean() if layer.kind is LayerKind.CLASSIFIER else error
        done += 1
        report(done / len(student.convs))
        return student.convolve(layer, x)

    with torch.no_grad():
        walk(student.architecture, batch, convolve, student.join)
