"""Means and covariances of what a layer's weights multiply, in float and in integers."""

import math
from collections.abc import Iterator

import torch
from torch.nn import functional

from ...float_network.fold import pad
from ...network.architecture import Architecture, Layer
from .side_by_side import BATCH

WINDOWS = 1 << 16  # about as many windows of a layer are sampled


def input_moments(
    architecture: Architecture, layer: Layer, pair: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    """Mean of x [K], mean of y [K], covariances of x with y and of y with y [K, K].

    x and y are the windows of a layer's float input and of its integer input; ``pair`` [2 N, C, H,
    W] holds both inputs, not padded. K is the number of weights of an output channel.
    """
    count = len(pair) // 2 * layer.output_height * layer.output_width
    every = max(math.isqrt(count // WINDOWS), 1)
    moments = _Moments(layer.input_channels * layer.kernel**2)
    exact, rounded = (_windows(architecture, layer, half, every) for half in pair.chunk(2))
    for x, y in zip(exact, rounded, strict=True):
        moments.add(x, y)
    return moments.centred()


def _windows(
    architecture: Architecture, layer: Layer, maps: torch.Tensor, every: int
) -> Iterator[torch.Tensor]:
    """Yields the windows of maps [N, C, H, W] for BATCH pictures at a time: [K, windows].

    Samples one row and one column in ``every``; the batches start at different ones in turn.
    """
    for index, batch in enumerate(maps.split(BATCH)):
        start, stride = index % every * layer.stride, every * layer.stride
        x = pad(architecture, layer, batch.float())[:, :, start:, start:]
        if layer.kernel > 1:
            x = functional.unfold(x, layer.kernel, stride=stride)
        else:
            x = x[:, :, ::stride, ::stride]
        yield x.flatten(2).transpose(0, 1).flatten(1)


class _Moments:
    """Sums of x, y, x y^T and y y^T.

    Subtracts values near the means first, so that float32 products are precise enough.
    """

    def __init__(self, size: int) -> None:
        self.count = 0
        self.origin: list[torch.Tensor] = []
        self.sums = torch.zeros(2, size, dtype=torch.float64)
        self.products = torch.zeros(2, size, size, dtype=torch.float64)

    def add(self, x: torch.Tensor, y: torch.Tensor) -> None:
        """Adds windows [K, windows]; those of the first call give the origin."""
        self.origin = self.origin or [x.mean(1, keepdim=True), y.mean(1, keepdim=True)]
        x, y = x - self.origin[0], y - self.origin[1]
        self.count += x.shape[1]
        self.sums += torch.stack([x.sum(1), y.sum(1)])
        self.products += torch.stack([x @ y.T, y @ y.T])

    def centred(self) -> tuple[torch.Tensor, ...]:
        """The means of x and y, and the covariances of x with y and of y with y."""
        x, y = self.sums / self.count
        cross, square = self.products / self.count
        means = (mean + origin.flatten() for mean, origin in zip((x, y), self.origin, strict=True))
        return *means, cross - x[:, None] * y, square - y[:, None] * y
