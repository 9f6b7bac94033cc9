"""Coordinate descent: moves one rounded weight after another to where the sums' error is least.

Behdin et al., "QuantEase: Optimization-based Quantization for Language Models", 2023, section 3.
Different from the paper, the weights of an exponent group change together with their exponent.
"""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, eq=False)
class Grid:
    """The values that weights [rows, K] may take: ``code * scale * 2**exponent``."""

    scales: torch.Tensor  # [rows]
    exponent_groups: list[torch.Tensor]  # indices in 0..K-1 of the weights that share an exponent
    exponent_max: int  # exponents are 0..exponent_max
    codes: tuple[int, int]  # the least and the greatest


def descend(
    rounded: torch.Tensor,
    exponents: torch.Tensor,
    wanted: torch.Tensor,
    square: torch.Tensor,
    grid: Grid,
) -> None:
    """Visits all exponent groups once; changes weights and exponents in place where that gains.

    Parameters
        rounded: weights on the grid, [rows, K]; changed
        exponents: of the exponent groups, int64 [rows, exponent groups]; changed
        wanted: the weights to approximate, [rows, K]
        square: second moments of the inputs, [K, K]
        grid: the values that ``rounded`` may take
    """
    gradient = (rounded - wanted) @ square
    choices, rows = torch.arange(grid.exponent_max + 1), torch.arange(len(rounded))
    step_sizes = grid.scales * 2.0 ** choices[:, None]  # [choices, rows]
    for index, group in enumerate(grid.exponent_groups):
        own = square[group][:, group]
        tries = rounded[:, group].repeat(len(choices), 1, 1)
        slopes = gradient[:, group].repeat(len(choices), 1, 1)
        loss = torch.zeros_like(step_sizes)  # the change of the error
        for place in range(len(group)):
            value, slope, curvature = tries[..., place], slopes[..., place], own[place, place]
            minimum = value - slope / curvature
            best = torch.floor(minimum / step_sizes + 0.5).clamp(*grid.codes) * step_sizes
            change = best - value
            loss += change * (2 * slope + change * curvature)
            tries[..., place] = best
            slopes += change[..., None] * own[place]
        choice = loss.argmin(0)
        change = tries[choice, rows] - rounded[:, group]
        rounded[:, group] += change
        gradient += change @ square[group]
        exponents[:, index] = choice
