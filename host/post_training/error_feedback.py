"""Rounding with error feedback: what one weight loses is made up for by those not yet rounded.

Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers",
ICLR 2023, section 3. What is aimed at is not the layer's own output on rounded inputs but float's
output on float inputs, as in Li et al., "GPTAQ: Efficient Finetuning-Free Quantization for
Asymmetric Calibration", ICML 2025: before rounding, weights move to where least squares has them,
and so make up for the errors of the layers in front, too.
"""

from collections.abc import Callable

import torch
from torch.nn import functional

from ..architecture import Layer
from ..fold import pad
from ..network import CODES
from ..trainable_conv import TrainableConv
from ..walk import walk
from .work import Report, Work

PICTURES = 512  # at most, that both networks are run on side by side
BATCH = 16  # of them at a time
DAMPING = 0.01  # of the mean square of the inputs, added to each: draws weights to their old values


def error_feedback(work: Work, report: Report) -> None:
    """The stage: weights and biases layer after layer, on scales and exponents as they are."""
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
    """Weights and bias with which a layer's integer inputs give float's sums.

    ``conv`` computes the layer; it need not be the student's own. ``pair`` as ``visit`` has it.
    """
    read, written = work.student.scales_of(layer)
    moments = _Moments(conv.weight[0].numel())
    for halves in zip(*(half.split(BATCH) for half in pair.chunk(2)), strict=True):
        padded = (pad(work.folded.architecture, layer, half.float()) for half in halves)
        moments.add(*(_columns(x, layer) for x in padded))
    mean_x, mean_y, cross, square = moments.centred()
    exact = work.folded.weights[layer.name].flatten(1).double()
    old = (conv.weight * read).flatten(1).double()  # the same, for integers
    damping = DAMPING * float(square.diagonal().mean()) or 1.0
    square.diagonal().add_(damping)
    wanted = torch.linalg.solve(square, (exact @ cross + damping * old).T).T
    step = (conv.step * (conv.ratio * written).view(-1, 1, 1, 1)).flatten(1).double()
    weight = round_with_feedback(wanted, square, step, CODES[conv.bits])
    bias = work.folded.biases[layer.name] + exact @ mean_x - weight @ mean_y
    conv.weight.copy_((weight / read).view_as(conv.weight))
    conv.bias.copy_(bias)


def round_with_feedback(
    weight: torch.Tensor, square: torch.Tensor, step: torch.Tensor, codes: tuple[int, int]
) -> torch.Tensor:
    """Weights [cout, K] rounded to multiples of ``step`` [cout, K] within the range of the codes.

    ``square`` [K, K] are the second moments of the inputs. Inputs of great moments come first.
    """
    order = square.diagonal().argsort(descending=True)
    weight, step = weight[:, order], step[:, order]
    inverse = torch.linalg.inv(square[order][:, order])
    factor = torch.linalg.cholesky((inverse + inverse.T) / 2, upper=True)
    for k in range(weight.shape[1]):
        rounded = torch.floor(weight[:, k] / step[:, k] + 0.5).clamp(*codes) * step[:, k]
        error = (weight[:, k] - rounded) / factor[k, k]
        weight[:, k] = rounded
        weight[:, k + 1 :] -= error[:, None] * factor[k, k + 1 :]
    return weight[:, order.argsort()]


def _columns(x: torch.Tensor, layer: Layer) -> torch.Tensor:
    """The windows of padded maps [N, cin, H, W], in the order of weights: [K, windows]."""
    if layer.kernel > 1:
        x = functional.unfold(x, layer.kernel, stride=layer.stride)
    return x.flatten(2).transpose(0, 1).flatten(1)


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
