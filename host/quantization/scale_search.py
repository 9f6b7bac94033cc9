"""Scales of the least squared error, found by trying: of a map, and of a layer's weights.

The search over clipping thresholds follows Nagel et al., "A White Paper on Neural Network
Quantization", 2021, section 3.1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import FirelineError
from ..network.exponent_groups import EXPONENT_GROUP, exponent_group_index
from ..network.quantized import CODES

CANDIDATES = 32  # scales that are tried
SMALLEST = 1e-30
"""Size of weights, and of factors between maps, whose squares and quotients float32 still has."""


@dataclass(frozen=True, eq=False)
class WeightScales:
    """How the weights of a layer become integers.

    An effective weight of 1 stands for ``multiplier / 2**shift * unit`` in its output channel.
    """

    multiplier: np.ndarray  # uint16 [cout], at least 1
    shift: int  # 1..31
    exponents: np.ndarray  # uint8 [cout, taps, exponent groups]

    def scale(self, unit: float) -> np.ndarray:
        """The weight that an effective weight of 1 stands for, float64 [cout]."""
        return self.multiplier * 2.0**-self.shift * unit


def activation_scale(values: np.ndarray, maximum: int = 255, clip: bool = True) -> float:
    """The scale that rounds non-negative values to 0..maximum with the least squared error.

    Without ``clip``, the greatest value becomes ``maximum``.
    """
    top = float(values.max(initial=0.0))
    if top <= 0.0:
        return 1.0
    if not clip:
        return top / maximum
    scales = top / maximum * np.geomspace(0.25, 1.0, CANDIDATES)
    errors = [
        np.square(values - scale * np.clip(np.round(values / scale), 0, maximum)).sum()
        for scale in scales
    ]
    return float(scales[np.argmin(errors)])


def conv_scales(
    weight: np.ndarray,
    moments: np.ndarray,
    unit: float,
    bits: int,
    segments: Sequence[int],
    exponent_max: int,
    multiplier_bits: int,
    clip: bool = True,
) -> WeightScales:
    """``weight_scales`` of a convolution's weights [cout, cin, k, k].

    ``moments`` are the mean squares of the input channels [cin].
    """
    inputs = sum(segments)  # of one tap; conv1's window counts as one tap
    taps = weight.transpose(0, 2, 3, 1).reshape(len(weight), -1, inputs)
    importance = np.resize(moments, inputs)
    return weight_scales(
        taps, importance, unit, bits, segments, exponent_max, multiplier_bits, clip
    )


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
    """The multipliers, shift and exponents of the least squared error.

    Parameters
        weights: [cout, taps, cin], cin in the order of the segments
        importance: factor of each input channel's squared errors, [cin]
        unit: the output's scale divided by the input's
        bits: 4 or 8; weights of 8 bits have exponents of 0
        segments: channels of each segment of the input
        exponent_max: exponents are 0..exponent_max, at most 3
        multiplier_bits: at most 12; the shift is the greatest with which the multipliers fit
        clip: if false, scales cover the greatest weight, and the error chooses only exponents

    Weights below 1e-30 count as zero, as dead channels have them. Raises FirelineError when the
    greatest weight is above 1e30, or the unit outside of 1e-30 to 1e30.
    """
    exponent_max = exponent_max if bits == 4 else 0
    weights = np.where(np.abs(weights) < SMALLEST, 0, weights)
    grouped = _grouped(weights, segments)
    weighting = _grouped(np.broadcast_to(importance, weights.shape[1:])[None], segments)
    top = np.abs(weights).max((1, 2))
    if top.max() > 1 / SMALLEST or not SMALLEST < unit < 1 / SMALLEST:
        raise FirelineError(
            f"a layer has weights of {top.max():.0e} and maps that grow by {unit:.0e}, with which "
            "float32 cannot compute; check the weights and --preprocess"
        )
    covering = np.where(top > 0, top, top.max() or 1.0) / (CODES[bits][1] << exponent_max)
    greatest = (1 << multiplier_bits) - 1

    factors = np.geomspace(0.6, 1.05 * 2**exponent_max, CANDIDATES) if clip else [1.0]
    best = _least_error(grouped, weighting, [covering * f for f in factors], bits, exponent_max)
    shift = math.floor(math.log2(greatest * float(unit) / float(best.max())))
    shift = min(max(shift, 1), 31)
    step = 2.0**-shift * unit  # the scale of multiplier 1

    near = [np.round(best / step * f) for f in np.linspace(0.85, 1.15, 13)]
    if not clip:
        near = [np.ceil(best / step)]
    scales = [np.clip(multiplier, 1, greatest) * step for multiplier in near]
    best = _least_error(grouped, weighting, scales, bits, exponent_max)
    errors = _errors(grouped, weighting, best, bits, exponent_max)
    return WeightScales(
        multiplier=np.round(best / step).astype(np.uint16),
        shift=shift,
        exponents=errors.argmin(0).astype(np.uint8),
    )


def _grouped(weights: np.ndarray, segments: Sequence[int]) -> np.ndarray:
    """Weights by exponent group: [cout, taps, cin] to [cout, taps, groups, EXPONENT_GROUP].

    Zeros fill the groups at the ends of segments.
    """
    index = exponent_group_index(segments)
    place = np.arange(len(index)) - np.searchsorted(index, index)
    grouped = np.zeros((*weights.shape[:2], index[-1] + 1, EXPONENT_GROUP), np.float32)
    grouped[:, :, index, place] = weights
    return grouped


def _least_error(
    grouped: np.ndarray, weighting: np.ndarray, scales: list[np.ndarray], bits: int, top: int
) -> np.ndarray:
    """In every output channel, the scale of the least error; scales and result are [cout]."""
    errors = [_errors(grouped, weighting, s, bits, top).min(0).sum((1, 2)) for s in scales]
    return np.take_along_axis(np.stack(scales), np.argmin(errors, 0)[None], 0)[0]


def _errors(
    grouped: np.ndarray, weighting: np.ndarray, scale: np.ndarray, bits: int, top: int
) -> np.ndarray:
    """Squared errors of each exponent 0..top: [exponents, cout, taps, exponent groups]."""
    low, high = CODES[bits]
    errors = []
    for exponent in range(top + 1):
        step = (scale * 2**exponent).astype(np.float32)[:, None, None, None]
        error = grouped / step
        error -= np.clip(np.rint(error), low, high)
        error *= step
        errors.append(np.einsum("ctgi,ctgi,ctgi->ctg", error, error, weighting))
    return np.stack(errors)
