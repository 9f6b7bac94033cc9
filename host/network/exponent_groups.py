"""Exponent groups: which 4-bit weights of a convolution share an exponent."""

from collections.abc import Sequence

import numpy as np

from .architecture import Architecture, Layer, LayerKind
from .stage import Fire

EXPONENT_GROUP = 16
"""Consecutive input channels of one tap and one output channel that share an exponent."""
EXPONENT_MAX = 1
"""Greatest exponent of 4-bit weights unless the user asks for another; the format allows 3."""


def exponent_group_count(segments: Sequence[int]) -> int:
    """The number of exponent groups of one tap and one output channel."""
    return sum(-(-length // EXPONENT_GROUP) for length in segments)


def exponent_group_index(segments: Sequence[int]) -> np.ndarray:
    """The exponent group of each input channel, int64 [sum(segments)].

    A new group begins at every segment, so that the last group of a segment may be shorter::

        segments   18                   3
        channels   0 ... 15   16 17     18 19 20
        group      0          1         2
    """
    groups: list[np.ndarray] = []
    first = 0
    for length in segments:
        groups.append(first + np.arange(length) // EXPONENT_GROUP)
        first += exponent_group_count((length,))
    return np.concatenate(groups)


def input_segments(architecture: Architecture, layer: Layer) -> tuple[int, ...]:
    """Lengths of the segments of a convolution's input, in channels.

    A layer behind a Fire has two segments: the outputs of expand1x1, then those of expand3x3.
    Conv1 has one, which is its flattened window of kernel * kernel * input channels.
    """
    if layer.kind is LayerKind.CONV1:
        return (layer.kernel**2 * layer.input_channels,)
    if layer.kind in (LayerKind.EXPAND1X1, LayerKind.EXPAND3X3):
        return (layer.input_channels,)
    for stage in reversed(architecture.stages[: layer.stage]):
        if isinstance(stage, Fire):
            return (stage.expand1x1, stage.expand3x3)
    return (layer.input_channels,)
