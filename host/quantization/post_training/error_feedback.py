"""Rounding with error feedback: what one weight loses is made up for by those not yet rounded.

Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers",
ICLR 2023, section 3. What is aimed at is not the layer's own output on rounded inputs but float's
output on float inputs, as in Li et al., "GPTAQ: Efficient Finetuning-Free Quantization for
Asymmetric Calibration", ICML 2025: before rounding, weights move to where least squares has them,
and so make up for the errors of the layers in front, too.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch.nn import functional

from ...float_network.fold import pad
from ...float_network.walk import walk
from ...network.architecture import Layer
from ...network.quantized import CODES
from ..trainable_conv import TrainableConv, conv_scales
from .descent import Grid, descend
from .settings import Settings
from .work import Report, Work

PICTURES = 512  # at most, that both networks are run on side by side
BATCH = 4  # of them at a time: what is computed of them stays in the processor's caches
WINDOWS = 1 << 16  # of a layer, that are enough to know the moments of its inputs
DAMPING = 0.05  # of the mean square of the inputs, added to each: draws weights to their old values
FACTORS = (0.77, 0.85, 0.92, 1.0, 1.08, 1.16)  # of a channel's multiplier, that are tried
SWEEPS = 3  # of coordinate descent
BLOCK = 64  # weights


def error_feedback(work: Work, report: Report) -> None:
    """The stage: multipliers, exponents, weights and biases, layer after layer."""
    side_by_side(
        work, lambda layer, pair: fit(work, work.student.convs[layer.name], layer, pair), report
    )


def side_by_side(work: Work, visit: Callable[[Layer, torch.Tensor], None], report: Report) -> None:
    """Runs float network and student at once, and ``visit`` before each layer, with its input.

    That is [2 N, C, H, W], not padded: float's maps, then the integers. Pictures are joined by
    their mirror images, up to PICTURES in all.
    """
    folded, student = work.folded, work.student.eval()
    pixels = torch.from_numpy(work.pixels)
    pixels = torch.cat([pixels, pixels.flip(2)])[:PICTURES].permute(0, 3, 1, 2).bfloat16()
    count, done = len(pixels), 0

    def convolve(layer: Layer, pair: torch.Tensor) -> torch.Tensor:
        nonlocal done
        visit(layer, pair)
        done += 1
        report(done / len(student.convs))
        size = layer.output_channels, layer.output_height, layer.output_width
        output = torch.empty(2 * count, *size, dtype=torch.bfloat16)
        for half, run in ((slice(count), folded.rectified), (slice(count, None), student.convolve)):
            for x, y in zip(pair[half].split(BATCH), output[half].split(BATCH), strict=True):
                y.copy_(run(layer, x.float()))
        return output

    def join(name: str, expanded: torch.Tensor, skipped: torch.Tensor | None) -> torch.Tensor:
        if skipped is None:
            return expanded
        (exact, rounded), (added, skip) = expanded.chunk(2), skipped.chunk(2)
        return torch.cat([exact + added, student.join(name, rounded, skip)])

    with torch.no_grad():
        walk(folded.architecture, torch.cat([pixels, pixels]), convolve, join)


def fit(work: Work, conv: TrainableConv, layer: Layer, pair: torch.Tensor) -> None:
    """Scales, exponents, weights and bias with which a layer's integer inputs give float's sums.

    ``conv`` computes the layer; it need not be the student's own. ``pair`` as ``visit`` has it.
    """
    read, written = (float(scale) for scale in work.student.scales_of(layer))
    count = len(pair) // 2 * layer.output_height * layer.output_width
    every = max(math.isqrt(count // WINDOWS), 1)
    moments = _Moments(conv.weight[0].numel())
    for x, y in zip(*(windows(work, layer, half, every) for half in pair.chunk(2)), strict=True):
        moments.add(x, y)
    mean_x, mean_y, cross, square = moments.centred()
    exact = work.folded.weights[layer.name].flatten(1).double()
    old = (conv.weight * read).flatten(1).double()  # the same, for integers
    damping = DAMPING * float(square.diagonal().mean()) or 1.0
    square.diagonal().add_(damping)
    wanted = torch.linalg.solve(square, (exact @ cross + damping * old).T).T
    conv.weight.copy_((wanted / read).view_as(conv.weight))
    settings = work.settings
    conv.refit(
        conv_scales(
            conv.weight,
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
    """The best multiples that are found of what a convolution's integers can stand for.

    Every output channel tries multipliers around its own; the convolution gets the best of them,
    with the exponents. ``wanted`` and the result are [cout, K], ``square`` [K, K] the second
    moments of the inputs; ``unit`` is the output's scale.
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
    step = conv.spread(2.0**exponents).flatten(1) * scales[:, None]
    aim, codes = wanted.repeat(count, 1), CODES[conv.bits]
    rounded = round_with_feedback(aim, square, step, codes)
    grid = Grid(scales, conv.groups(), settings.exponent_max if conv.bits == 4 else 0, codes)
    for _ in range(SWEEPS):
        descend(rounded, exponents.flatten(1), aim, square, grid)
    error = rounded - aim
    loss = (error @ square * error).sum(1).view(count, -1)
    best = loss.argmin(0) * len(wanted) + torch.arange(len(wanted))
    exponents = exponents[best].to(torch.uint8).numpy()
    conv.refit(
        dataclasses.replace(fit, multiplier=tried.multiplier[best.numpy()], exponents=exponents)
    )
    return rounded[best]


def round_with_feedback(
    weight: torch.Tensor, square: torch.Tensor, step: torch.Tensor, codes: tuple[int, int]
) -> torch.Tensor:
    """Weights [cout, K] rounded to multiples of ``step`` [cout, K] within the range of the codes.

    ``square`` [K, K] are the second moments of the inputs. Inputs of great moments come first. What
    is lost reaches the weights beyond BLOCK all at once, as in the paper.
    """
    order = square.diagonal().argsort(descending=True)
    weight, step = weight[:, order], step[:, order]
    inverse = torch.linalg.inv(square[order][:, order])
    factor = torch.linalg.cholesky((inverse + inverse.T) / 2, upper=True)
    for first in range(0, weight.shape[1], BLOCK):
        block, own = weight[:, first : first + BLOCK], factor[first : first + BLOCK]
        errors = torch.empty_like(block)
        for k in range(block.shape[1]):
            grid = step[:, first + k]
            rounded = torch.floor(block[:, k] / grid + 0.5).clamp(*codes) * grid
            errors[:, k] = (block[:, k] - rounded) / own[k, first + k]
            block[:, k] = rounded
            block[:, k + 1 :] -= errors[:, k, None] * own[k, first + k + 1 : first + BLOCK]
        weight[:, first + BLOCK :] -= errors @ own[:, first + BLOCK :]
    return weight[:, order.argsort()]


def windows(work: Work, layer: Layer, maps: torch.Tensor, every: int = 1) -> Iterator[torch.Tensor]:
    """What a layer's weights see of maps [N, C, H, W], not padded, in their order: [K, windows].

    BATCH pictures at a time; of every so manieth row and column only, beginning in turn with each.
    """
    for index, batch in enumerate(maps.split(BATCH)):
        start, stride = index % every * layer.stride, every * layer.stride
        x = pad(work.folded.architecture, layer, batch.float())[:, :, start:, start:]
        if layer.kernel > 1:
            x = functional.unfold(x, layer.kernel, stride=stride)
        else:
            x = x[:, :, ::stride, ::stride]
        yield x.flatten(2).transpose(0, 1).flatten(1)


class _Moments:
    """Means and covariances of a layer's inputs x in float and y in integers."""

    def __init__(self, size: int) -> None:
        self.count = 0
        self.origin: list[torch.Tensor] = []  # near the means, so that float32 is precise enough
        self.sums = torch.zeros(2, size, dtype=torch.float64)
        self.products = torch.zeros(2, size, size, dtype=torch.float64)

    def add(self, x: torch.Tensor, y: torch.Tensor) -> None:
        self.origin = self.origin or [x.mean(1, keepdim=True), y.mean(1, keepdim=True)]
        x, y = x - self.origin[0], y - self.origin[1]
        self.count += x.shape[1]
        self.sums += torch.stack([x.sum(1), y.sum(1)])
        self.products += torch.stack([x @ y.T, y @ y.T])

    def centred(self) -> tuple[torch.Tensor, ...]:
        """Means of x and y, and their covariances x with y and y with y."""
        x, y = self.sums / self.count
        cross, square = self.products / self.count
        means = (mean + origin.flatten() for mean, origin in zip((x, y), self.origin, strict=True))
        return *means, cross - x[:, None] * y, square - y[:, None] * y
