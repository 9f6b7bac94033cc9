"""Rounding with error feedback: weights not yet rounded compensate the errors of rounded ones.

The rounding is GPTQ, see ``feedback_rounding``. As in Li et al., "GPTAQ: Efficient Finetuning-Free
Quantization for Asymmetric Calibration", ICML 2025, the target is the float network's output on
float inputs, not the layer's own output on rounded inputs. Before rounding, the weights move to the
least-squares solution for that target, so that each layer also compensates the errors of the layers
in front of it.
"""

import dataclasses

import numpy as np
import torch

from ...network.architecture import Layer
from ...network.quantized import CODES
from ..scale_search import conv_scales
from ..trainable_conv import TrainableConv
from .descent import Grid, descend
from .feedback_rounding import round_with_feedback
from .input_moments import input_moments
from .settings import Settings
from .side_by_side import side_by_side
from .work import Report, Work

DAMPING = 0.05  # of the inputs' mean square, added to each: pulls weights to their old values
FACTORS = (0.77, 0.85, 0.92, 1.0, 1.08, 1.16)  # of a channel's multiplier, that are tried
SWEEPS = 3  # of coordinate descent


def error_feedback(work: Work, report: Report) -> None:
    """The step: fits multipliers, exponents, weights and biases of one layer after the other."""
    side_by_side(
        work, lambda layer, pair: fit_layer(work, work.student.conv(layer), layer, pair), report
    )


def fit_layer(work: Work, conv: TrainableConv, layer: Layer, pair: torch.Tensor) -> None:
    """Changes ``conv`` so that integer inputs give the float network's sums.

    ``conv`` computes the layer; it may be another module than the student's own. ``pair`` is what
    ``side_by_side`` passes to ``visit``.
    """
    read, written = (float(scale) for scale in work.student.scales_of(layer))
    mean_x, mean_y, cross, square = input_moments(work.folded.architecture, layer, pair)
    exact = work.folded.weights[layer.name].flatten(1).double()
    old = (conv.weight * read).flatten(1).double()  # in units of the integer inputs
    damping = DAMPING * float(square.diagonal().mean()) or 1.0
    square.diagonal().add_(damping)
    wanted = torch.linalg.solve(square, (exact @ cross + damping * old).T).T
    conv.weight.copy_((wanted / read).view_as(conv.weight))
    settings = work.settings
    conv.refit(
        conv_scales(
            conv.weight.detach().numpy(),
            work.statistics.moments[layer.name],
            written / read,
            conv.bits,
            conv.segments,
            settings.exponent_max,
            settings.multiplier_bits,
        )
    )
    weight = round_weights(conv, wanted, square, written, settings)
    bias = work.folded.biases[layer.name] + exact @ mean_x - weight @ mean_y
    conv.weight.copy_((weight / read).view_as(conv.weight))
    conv.bias.copy_(bias)


def round_weights(
    conv: TrainableConv, wanted: torch.Tensor, square: torch.Tensor, unit: float, settings: Settings
) -> torch.Tensor:
    """Rounds weights with the best of several multipliers; sets multipliers and exponents.

    Every output channel tries the multipliers ``FACTORS`` times its own, all at once as rows of one
    matrix. Each row is rounded with error feedback and improved by coordinate descent. The channel
    keeps the row of the least squared error.

    Parameters
        conv: the convolution whose multipliers and exponents are set
        wanted: the weights to approximate, in units of the integer inputs, [cout, K]
        square: second moments of the inputs, [K, K]
        unit: the output's scale

    Returns the rounded weights, [cout, K].
    """
    fit, count = conv.fit, len(FACTORS)
    greatest = (1 << settings.multiplier_bits) - 1
    multipliers = np.outer(FACTORS, fit.multiplier).round().clip(1, greatest).flatten()
    tried = dataclasses.replace(
        fit,
        multiplier=multipliers.astype(np.uint16),
        exponents=np.tile(fit.exponents, (count, 1, 1)),
    )
    scales = torch.from_numpy(tried.scale(unit))
    exponents = torch.from_numpy(tried.exponents).long()
    step_size = conv.per_weight(2.0**exponents).flatten(1) * scales[:, None]
    aim, codes = wanted.repeat(count, 1), CODES[conv.bits]
    rounded = round_with_feedback(aim, square, step_size, codes)
    exponent_max = settings.exponent_max if conv.bits == 4 else 0
    grid = Grid(scales, conv.exponent_groups(), exponent_max, codes)
    for _ in range(SWEEPS):
        descend(rounded, exponents.flatten(1), aim, square, grid)
    error = rounded - aim
    loss = (error @ square * error).sum(1).view(count, -1)
    best = loss.argmin(0) * len(wanted) + torch.arange(len(wanted))
    multiplier, chosen = tried.multiplier[best.numpy()], exponents[best].to(torch.uint8)
    conv.refit(dataclasses.replace(fit, multiplier=multiplier, exponents=chosen.numpy()))
    return rounded[best]
