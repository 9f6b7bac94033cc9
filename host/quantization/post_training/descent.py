"""Coordinate descent: one rounded weight after another goes where the sums' error is least.

Behdin et al., "QuantEase: Optimization-based Quantization for Language Models", 2023, section 3;
here the weights of a group go together with the exponent that they share.
"""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, eq=False)
class Grid:
    """What weights [rows, K] may be: a code, times a scale, shifted left by an exponent."""

    scales: torch.Tensor  # [rows]
    groups: list[torch.Tensor]  # places in K of the weights that share an exponent
    exponent_max: int  # exponents are 0..exponent_max
    codes: tuple[int, int]  # the least and the greatest


def descend(
    rounded: torch.Tensor,
    exponents: torch.Tensor,
    wanted: torch.Tensor,
    square: torch.Tensor,
    grid: Grid,
) -> None:
    """Goes once through all groups; changes weights and exponents in place where that gains.

    ``rounded`` and ``wanted`` are weights [rows, K], ``exponents`` int64 [rows, groups], ``square``
    [K, K] the second moments of the inputs.
    """
    gradient = (rounded - wanted) @ square
    choices, rows = torch.arange(grid.exponent_max + 1), torch.arange(len(rounded))
    steps = grid.scales * 2.0 ** choices[:, None]  # [choices, rows]
    for index, group in enumerate(grid.groups):
        own = square[group][:, group]
        tries = rounded[:, group].repeat(len(choices), 1, 1)
        slopes = gradient[:, group].repeat(len(choices), 1, 1)
        loss = torch.zeros_like(steps)  # what is added to the error
        for place in range(len(group)):
            value, slope, curvature = tries[..., place], slopes[..., place], own[place, place]
            best = torch.floor((value - slope / curvature) / steps + 0.5).clamp(*grid.codes) * steps
            change = best - value
            loss += change * (2 * slope + change * curvature)
            tries[..., place] = best
            slopes += change[..., None] * own[place]
        choice = loss.argmin(0)
        change = tries[choice, rows] - rounded[:, group]
        rounded[:, group] += change
        gradient += change @ square[group]
        exponents[:, index] = choice
