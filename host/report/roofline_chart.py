"""The report's roofline chart: a point for each layer, below what array and requantizer allow."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from . import svg
from .roofline import LayerLoad

WIDTH, HEIGHT = 430, 310
LEFT, RIGHT, TOP, BOTTOM = 42, WIDTH - 12, 26, HEIGHT - 38
"""Borders of the plot inside of the drawing."""

LETTER, LINE = 6.1, 13
"""Width of a letter, and height of a line, of a label."""

Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class _Axis:
    """A logarithmic axis from `low` at `start` to `high` at `end`, both powers of two."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def around(cls, values: Iterable[float], start: float, end: float) -> "_Axis":
        """The shortest axis that holds the values."""
        logs = [math.log2(value) for value in values]
        low, high = math.floor(min(logs)), math.ceil(max(logs))
        return cls(2.0 ** (low - (low == high)), 2.0**high, start, end)

    def __call__(self, value: float) -> float:
        """The coordinate of a value."""
        share = math.log2(value / self.low) / math.log2(self.high / self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        """Powers of two, at most nine."""
        low, high = (round(math.log2(end)) for end in (self.low, self.high))
        return [2.0**power for power in range(low, high + 1, 1 + (high - low) // 9)]


def roofline(loads: Iterable[LayerLoad], products: int, lanes: int) -> str:
    """The chart, on logarithmic axes.

    The roof is the lower one of ``products`` MAC passes a cycle (the array) and ``lanes`` results a
    cycle (the requantizer).
    """
    loads = list(loads)
    ridge = products / lanes
    x = _Axis.around([*(load.intensity for load in loads), ridge / 2], LEFT, RIGHT)
    y = _Axis.around([*(load.rate for load in loads), products * 1.3], BOTTOM, TOP)
    start = max(x.low, y.low / lanes)
    roof = f"M{x(start)} {y(start * lanes)}L{x(ridge)} {y(products)}H{RIGHT}"
    parts = [
        *_grid(x, y),
        f'<path class="roof" d="{roof}"/>',
        *_points(loads, x, y, (x(ridge), y(products) - 1, WIDTH, y(products) + 1)),
    ]
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'


def _grid(x: _Axis, y: _Axis) -> list[str]:
    """Grid lines, their numbers, and the names of the axes."""
    parts = []
    for value in x.ticks():
        parts.append(f'<path class="grid" d="M{x(value)} {TOP}V{BOTTOM}"/>')
        parts.append(svg.text(x(value), BOTTOM + 15, f"{value:g}", "tick", "middle"))
    for value in y.ticks():
        parts.append(f'<path class="grid" d="M{LEFT} {y(value)}H{RIGHT}"/>')
        parts.append(svg.text(LEFT - 6, y(value) + 4, f"{value:g}", "tick", "end"))
    parts.append(svg.text(RIGHT, HEIGHT - 4, "MAC passes a result", "tick", "end"))
    parts.append(svg.text(0, 9, "MAC passes a cycle", "tick"))
    return parts


def _points(loads: list[LayerLoad], x: _Axis, y: _Axis, roof: Box) -> list[str]:
    """A point for all layers at one place, and its label where there is room for one."""
    points: dict[tuple[float, float], list[LayerLoad]] = {}
    for load in loads:
        points.setdefault((x(load.intensity), y(load.rate)), []).append(load)
    taken = [*((px - 6, py - 6, px + 6, py + 6) for px, py in points), roof]
    parts = []
    for (px, py), equal in points.items():
        hint = ", ".join(load.name for load in equal)
        parts.append(
            f'<circle class="{equal[0].kind} point" cx="{px}" cy="{py}" r="4.5">'
            f"<title>{hint}: {equal[0].rate:.1f} of {equal[0].roof:.1f}</title></circle>"
        )
        name = equal[0].name + (f" + {len(equal) - 1}" if equal[1:] else "")
        if place := _free_place(px, py, len(name) * LETTER, taken):
            parts.append(svg.text(*place, name, "label"))
    return parts


def _free_place(x: float, y: float, length: float, taken: list[Box]) -> tuple[float, float] | None:
    """A place beside the point for a label of that length; its box is added to ``taken``.

    None if every place overlaps a taken box or leaves the drawing.
    """
    for dx, dy in ((9, 4), (-9 - length, 4), (-length / 2, -10), (-length / 2, 20)):
        box = (x + dx, y + dy - LINE + 3, x + dx + length, y + dy + 3)
        inside = box[0] >= LEFT and box[1] >= TOP and box[2] <= WIDTH and box[3] <= BOTTOM
        apart = all(box[0] > b[2] or b[0] > box[2] or box[1] > b[3] or b[1] > box[3] for b in taken)
        if inside and apart:
            taken.append(box)
            return x + dx, y + dy
    return None
