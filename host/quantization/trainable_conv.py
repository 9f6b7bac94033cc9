"""One convolution that computes the hardware's integers and can be trained."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ..network.exponent_groups import exponent_group_index
from ..network.quantized import CODES, QuantizedConv
from .rounding import WeightScales, weight_scales


class TrainableConv(nn.Module):
    """Convolution, ReLU and requantization; inputs and outputs are integers in floating point.

    Weights and bias are learned as real numbers; multipliers, shift and exponents are fixed. Scales
    are what 1 stands for in the input and the output. Rounding lets gradients pass as if it were
    not there (the straight-through estimator).
    """

    def __init__(
        self,
        name: str,
        weight: torch.Tensor,
        bias: torch.Tensor,
        fit: WeightScales,
        bits: int,
        segments: tuple[int, ...],
        maximum: int,
    ) -> None:
        """Takes real weights [cout, cin, k, k] and bias [cout]; the rest as in QuantizedConv."""
        super().__init__()
        self.name, self.bits = name, bits
        self.segments, self.maximum = segments, maximum
        self.weight = nn.Parameter(weight.clone())
        self.bias = nn.Parameter(bias.clone())
        self.register_buffer("step", torch.ones_like(weight))  # of the effective weights: 1, 2, ...
        self.register_buffer("ratio", torch.ones(len(weight)))  # of output to sums, [cout]
        self.refit(fit)

    def refit(self, fit: WeightScales) -> None:
        """Takes other multipliers, shift and exponents; weights and bias stay as real numbers."""
        self.fit = fit
        self.step.copy_(self.spread(2.0 ** torch.from_numpy(fit.exponents)))
        self.ratio.copy_(torch.from_numpy(fit.scale(1.0)))

    def spread(self, groups: torch.Tensor) -> torch.Tensor:
        """What groups have, [cout, taps, groups], to what their weights have, [cout, cin, k, k]."""
        _, inputs, kernel, _ = self.weight.shape
        weights = groups[:, :, exponent_group_index(self.segments)]
        return weights.reshape(-1, kernel, kernel, inputs).permute(0, 3, 1, 2)

    def groups(self) -> list[torch.Tensor]:
        """Places in [cin, k, k], flattened, of each group's weights, in the exponents' order."""
        shape = self.fit.exponents.shape[1:]
        index = torch.arange(shape[0] * shape[1]).view(1, *shape)
        owners = self.spread(index).flatten()
        return [torch.nonzero(owners == group).flatten() for group in index.flatten()]

    def integers(
        self, input_scale: torch.Tensor, output_scale: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Effective weights [cout, cin, k, k] and bias [cout], integers in float32."""
        scale = self.ratio * output_scale  # of a sum
        step = self.step * (scale / input_scale).view(-1, 1, 1, 1)
        codes = round_through(self.weight / step).clamp(*CODES[self.bits])
        limit = 2.0**31 - 128  # the greatest float32 that int32 holds
        return codes * self.step, round_through(self.bias / scale).clamp(-limit, limit)

    def sums(
        self,
        x: torch.Tensor,
        stride: int,
        input_scale: torch.Tensor,
        output_scale: torch.Tensor,
    ) -> torch.Tensor:
        """Of products, with bias: padded [N, cin, H, W] to [N, cout, H', W'], exact.

        float64 where float32 would not be.
        """
        weight, bias = self.integers(input_scale, output_scale)
        bound = 255 * weight.abs().sum((1, 2, 3)) + bias.abs()
        if bound.max() >= 1 << 24:
            x, weight, bias = x.double(), weight.double(), bias.double()
        return functional.conv2d(x, weight, None, stride) + bias.view(-1, 1, 1)

    def requantize(self, sums: torch.Tensor) -> torch.Tensor:
        """``min(floor(max(sums, 0) * ratio + 1/2), maximum)``, exact in evaluation mode."""
        y = sums.double() * self.ratio.double().view(-1, 1, 1)
        return y.add_(0.5).floor_().clamp_(0, self.maximum).float()

    def forward(
        self,
        x: torch.Tensor,
        stride: int,
        input_scale: torch.Tensor,
        output_scale: torch.Tensor,
    ) -> torch.Tensor:
        """The layer's output, of the padded input, exact in evaluation mode."""
        if not self.training:
            return self.requantize(self.sums(x, stride, input_scale, output_scale))
        weight, bias = self.integers(input_scale, output_scale)
        sums = functional.conv2d(x, weight, None, stride)
        return _Requantize.apply(sums, bias, self.ratio, self.maximum)

    def quantized(self, input_scale: torch.Tensor, output_scale: torch.Tensor) -> QuantizedConv:
        """The integers as the hardware has them."""
        with torch.no_grad():
            weight, bias = self.integers(input_scale, output_scale)
            codes = (weight / self.step).to(torch.int8)
        return QuantizedConv(
            name=self.name,
            bits=self.bits,
            codes=codes.numpy(),
            exponents=self.fit.exponents,
            bias=bias.to(torch.int32).numpy(),
            multiplier=self.fit.multiplier,
            shift=self.fit.shift,
            maximum=self.maximum,
            segments=self.segments,
        )


def conv_scales(
    weight: torch.Tensor,
    moments: np.ndarray,
    unit: float,
    bits: int,
    segments: Sequence[int],
    exponent_max: int,
    multiplier_bits: int,
    clip: bool = True,
) -> WeightScales:
    """``weight_scales`` of real weights [cout, cin, k, k].

    ``moments`` are the mean squares of the input's channels [cin].
    """
    window = sum(segments)  # of a tap; conv1's taps are one
    taps = weight.detach().permute(0, 2, 3, 1).reshape(len(weight), -1, window).numpy()
    importance = np.resize(moments, window)
    return weight_scales(
        taps, importance, unit, bits, segments, exponent_max, multiplier_bits, clip
    )


def round_through(x: torch.Tensor) -> torch.Tensor:
    """``floor(x + 1/2)``, with the gradient of x."""
    return _RoundThrough.apply(x)


class _RoundThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: torch.Tensor) -> torch.Tensor:
        return torch.floor(x + 0.5)

    @staticmethod
    def backward(ctx: object, gradient: torch.Tensor) -> torch.Tensor:
        return gradient


class _Requantize(torch.autograd.Function):
    """Bias and requantization in a few passes over memory, which is what bounds training.

    Rounding passes gradients as if it were not there; what is cut off passes none.
    """

    @staticmethod
    def forward(
        ctx: object, sums: torch.Tensor, bias: torch.Tensor, ratio: torch.Tensor, maximum: int
    ) -> torch.Tensor:
        exact = torch.addcmul((bias * ratio).view(-1, 1, 1), sums, ratio.view(-1, 1, 1))
        y = exact.clamp(0, maximum)
        ctx.save_for_backward(y == exact, ratio)
        y.add_(0.5).floor_()
        return y.to(sums.dtype) if maximum <= 256 else y  # bfloat16 has integers up to 256

    @staticmethod
    def backward(ctx: object, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        inside, ratio = ctx.saved_tensors
        gradient = gradient * inside
        bias = gradient.sum((0, 2, 3), dtype=torch.float32) * ratio
        return gradient * ratio.view(-1, 1, 1).to(gradient.dtype), bias, None, None
