"""The report's timeline of a frame: a track for each layer, with its row operations."""

import math

from ...hw.program import Program
from ..compiler.timing import FrameTiming
from . import svg

TICKS = (1, 2, 2.5, 5)
"""Distances of ticks, times a power of ten."""


def ticks(end: float, count: int = 5) -> list[float]:
    """Round numbers from 0 to ``end``, about ``count`` of them."""
    power = 10 ** math.floor(math.log10(end / count))
    step = next((tick * power for tick in TICKS if tick * power * count >= end), 10 * power)
    return [number * step for number in range(int(end / step) + 1)]


def tracks(program: Program, timing: FrameTiming) -> list[tuple[str, str]]:
    """Each layer's name and, as a path, its row operations: a unit high, a unit a cycle wide."""
    paths: dict[str, list[str]] = {layer.name: [] for layer in program.layers}
    for row, (first, last) in zip(program.rows, timing.operations, strict=True):
        paths[program.layers[row.layer].name].append(svg.box(first, 0, last - first + 1, 1))
    return [(name, "".join(boxes)) for name, boxes in paths.items()]
