"""Variants of a network: the design space of the SqueezeNet paper.

Source
    arXiv:1602.07360, sections 5 and 6
"""

import dataclasses
import itertools
from dataclasses import dataclass

from ...errors import FirelineError
from ...hw.program import ArrayShape
from .architecture import Architecture
from .stage import Bypass, Conv1, Fire, Stage


@dataclass(frozen=True)
class Space:
    """The values of each axis of the design space; every combination is a point.

    None stands for the network's own value. Raises FirelineError when an axis is empty or lists a
    value twice.
    """

    squeeze_ratios: tuple[float | None, ...] = (None,)
    shares_3x3: tuple[float | None, ...] = (None,)
    bypasses: tuple[Bypass | None, ...] = (None,)
    arrays: tuple[ArrayShape, ...] = (ArrayShape(8, 8),)
    bits: tuple[int, ...] = (4,)  # of the weights, 4 or 8; those of conv1 always have 8

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            values = getattr(self, field.name)
            if not values or len(set(values)) < len(values):
                axis = field.name.replace("_", " ")
                raise FirelineError(f"{axis}: no value, or one twice; list each value once")
        if not set(self.bits) <= {4, 8}:
            raise FirelineError(f"bits {', '.join(map(str, self.bits))}: use 4 and 8")

    def variants(self, base: Architecture) -> list[Architecture]:
        """The architectures; FirelineError when one is not valid."""
        axes = itertools.product(self.squeeze_ratios, self.shares_3x3, self.bypasses)
        return [vary(base, *values) for values in axes]

    def points(self) -> tuple[tuple[ArrayShape, int], ...]:
        """Array and bits of the points of each architecture."""
        return tuple(itertools.product(self.arrays, self.bits))


def vary(
    architecture: Architecture,
    squeeze_ratio: float | None = None,
    share_3x3: float | None = None,
    bypass: Bypass | None = None,
) -> Architecture:
    """The same stack with changed Fires, whose output channels stay; None keeps a value.

    ``squeeze_ratio``, above 0 and up to 1, is squeeze channels divided by output channels.
    ``share_3x3``, above 0 and below 1, is the share of the output channels that expand3x3 computes.
    A bypass is simple where channels in and out are equal; elsewhere Bypass.COMPLEX adds a complex
    one and Bypass.SIMPLE none. The new name lists the changes ("cifar10-sr0.25-share0.5-simple").
    Raises FirelineError for values out of range, or that leave a convolution without a channel.
    """
    if squeeze_ratio is not None and not 0 < squeeze_ratio <= 1:
        raise FirelineError(f"squeeze ratio {squeeze_ratio}: use a number above 0 and up to 1")
    if share_3x3 is not None and not 0 < share_3x3 < 1:
        raise FirelineError(f"share of 3x3 filters {share_3x3}: use a number above 0 and below 1")
    stages: list[Stage] = []
    channels = 0
    for stage in architecture.stages:
        if isinstance(stage, Fire):
            stage = _vary(stage, channels, squeeze_ratio, share_3x3, bypass)
        if isinstance(stage, Fire | Conv1):
            channels = stage.channels
        stages.append(stage)
    name = architecture.name
    for label, value in (("sr", squeeze_ratio), ("share", share_3x3)):
        name += "" if value is None else f"-{label}{value}"
    name += "" if bypass in (None, Bypass.NONE) else f"-{bypass.value}"
    return dataclasses.replace(architecture, name=name, stages=tuple(stages))


def _vary(
    fire: Fire,
    channels: int,
    squeeze_ratio: float | None,
    share_3x3: float | None,
    bypass: Bypass | None,
) -> Fire:
    """The changed Fire; ``channels`` are those of the map that it reads."""
    ratio = fire.squeeze / fire.channels if squeeze_ratio is None else squeeze_ratio
    share = fire.expand3x3 / fire.channels if share_3x3 is None else share_3x3
    if bypass is None:
        own = fire.bypass
    else:
        possible = Bypass.SIMPLE if channels == fire.channels else Bypass.COMPLEX
        own = possible if bypass in (possible, Bypass.COMPLEX) else Bypass.NONE
    return Fire.from_ratios(fire.channels, share, ratio, own)
