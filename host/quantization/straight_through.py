"""Rounding whose gradient ignores the rounding: the straight-through estimator.

Bengio et al., "Estimating or Propagating Gradients Through Stochastic Neurons for Conditional
Computation", 2013.
"""

from typing import Any

import torch


def round_through(x: torch.Tensor) -> torch.Tensor:
    """``floor(x + 1/2)``, with the gradient of x."""
    return _Round.apply(x)


def requantize_through(
    sums: torch.Tensor, bias: torch.Tensor, ratio: torch.Tensor, maximum: int
) -> torch.Tensor:
    """``floor(clamp((sums + bias) * ratio, 0, maximum) + 1/2)``, in the type of the sums.

    ``sums`` are [N, C, H, W], ``bias`` and ``ratio`` [C]. The gradient ignores the rounding and is
    zero where the clamp is active. Beyond 256 the result is float32, because bfloat16 holds only
    the integers up to 256.

    One function computes all of it in a few passes over memory, because memory bounds training.
    """
    return _Requantize.apply(sums, bias, ratio, maximum)


class _Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return torch.floor(x + 0.5)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        return gradient


class _Requantize(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, sums: torch.Tensor, bias: torch.Tensor, ratio: torch.Tensor, maximum: int
    ) -> torch.Tensor:
        exact = torch.addcmul((bias * ratio).view(-1, 1, 1), sums, ratio.view(-1, 1, 1))
        y = exact.clamp(0, maximum)
        ctx.save_for_backward(y == exact, ratio)
        y.add_(0.5).floor_()
        return y.to(sums.dtype) if maximum <= 256 else y

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        inside, ratio = ctx.saved_tensors
        gradient = gradient * inside
        bias = gradient.sum((0, 2, 3), dtype=torch.float32) * ratio
        return gradient * ratio.view(-1, 1, 1).to(gradient.dtype), bias, None, None
