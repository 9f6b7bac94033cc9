"""Scales by squared error: of activations, and of weights with their multipliers and exponents."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..network.exponent_groups import EXPONENT_GROUP, exponent_group_index
from ..network.quantized import CODES

STEPS = 32  # scales that are tried


@dataclass(frozen=True, eq=False)
class WeightScales:
    """How the weights of a layer become integers.

    An effective weight of 1 stands for ``multiplier / 2**shift * unit`` in its output channel.
    """

    multiplier: np.ndarray  # uint16 [cout], at least 1
    shift: int  # 1..31
    exponents: np.ndarray  # uint8 [cout, taps, groups]

    def scale(self, unit: float) -> np.ndarray:
        """The weight that an effective weight of 1 stands for, float64 [cout]."""
        return self.multiplier * 2.0**-self.shift * unit


def activation_scale(values: np.ndarray, maximum: int = 255, clip: bool = True) -> float:
    """The scale that rounds non-negative values to 0..maximum with the least squared error.

    Without ``clip`` it is the one with which no value is cut off.
    """
    top = float(values.max(initial=0.0))
    if top <= 0.0:
        return 1.0
    if not clip:
        return top / maximum
    scales = top / maximum * np.geomspace(0.25, 1.0, STEPS)
    errors = [
        np.square(values - scale * np.clip(np.round(values / scale), 0, maximum)).sum()
        for scale in scales
    ]
    return float(scales[np.argmin(errors)])


def weight_scales(
    weights: np.ndarray,
    importance: np.ndarray,
    unit: float,
    bits: int,
    segments: Sequence[int],
    exponent_max: int = 1,
    multiplier_bits: int = 8,
    clip: bool = True,
) -> WeightScales:
    """Multipliers, shift and exponents of the least squared error.

    ``weights`` are [cout, taps, cin], cin in the order of the segments; an error counts as much as
    its input channel's ``importance`` [cin] says. ``unit`` is the output's scale over the input's.
    The shift is as great as ``multiplier_bits`` (at most 12) allow for the greatest scale. Without
    ``clip`` scales are such that no weight is cut off, and only exponents are chosen by error.
    """
    exponent_max = exponent_max if bits == 4 else 0
    groups = _grouped(weights, segments)
    weighting = _grouped(np.broadcast_to(importance, weights.shape[1:])[None], segments)
    top = np.abs(weights).max((1, 2))
    widest = np.where(top > 0, top, top.max() or 1.0) / (CODES[bits][1] << exponent_max)
    greatest = (1 << multiplier_bits) - 1

    factors = np.geomspace(0.6, 1.05 * 2**exponent_max, STEPS) if clip else [1.0]
    best = _least_error(groups, weighting, [widest * f for f in factors], bits, exponent_max)
    shift = math.floor(math.log2(greatest * unit / best.max()))
    shift = min(max(shift, 1), 31)
    step = 2.0**-shift * unit  # the scale of multiplier 1

    near = [np.round(best / step * f) for f in np.linspace(0.85, 1.15, 13)]
    if not clip:
        near = [np.ceil(best / step)]
    scales = [np.clip(multiplier, 1, greatest) * step for multiplier in near]
    best = _least_error(groups, weighting, scales, bits, exponent_max)
    errors = _group_errors(groups, weighting, best, bits, exponent_max)
    return WeightScales(
        multiplier=np.round(best / step).astype(np.uint16),
        shift=shift,
        exponents=errors.argmin(0).astype(np.uint8),
    )


def _grouped(weights: np.ndarray, segments: Sequence[int]) -> np.ndarray:
    """[cout, taps, cin] to [cout, taps, groups, EXPONENT_GROUP], zeros where a group is not
    full."""
    index = exponent_group_index(segments)
    place = np.arange(len(index)) - np.searchsorted(index, index)
    groups = np.zeros((*weights.shape[:2], index[-1] + 1, EXPONENT_GROUP), np.float32)
    groups[:, :, index, place] = weights
    return groups


def _least_error(
    groups: np.ndarray, weighting: np.ndarray, scales: list[np.ndarray], bits: int, top: int
) -> np.ndarray:
    """Of the scales, each [cout], the one with the least error in every channel."""
    errors = [_group_errors(groups, weighting, s, bits, top).min(0).sum((1, 2)) for s in scales]
    return np.take_along_axis(np.stack(scales), np.argmin(errors, 0)[None], 0)[0]


def _group_errors(
    groups: np.ndarray, weighting: np.ndarray, scale: np.ndarray, bits: int, top: int
) -> np.ndarray:
    """Squared errors [exponents, cout, taps, groups] with each exponent 0..top."""
    low, high = CODES[bits]
    errors = []
    for exponent in range(top + 1):
        step = (scale * 2**exponent).astype(np.float32)[:, None, None, None]
        error = groups / step
        error -= np.clip(np.rint(error), low, high)
        error *= step
        errors.append(np.einsum("ctgi,ctgi,ctgi->ctg", error, error, weighting))
    return np.stack(errors)
