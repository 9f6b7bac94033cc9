"""Accuracy against costs, with the Pareto front: a chart and a table."""

import csv
import dataclasses
import io
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..files import write_whole
from .trial import Measured

COSTS = {
    "weight_bytes": "weights in the ROM, bytes",
    "cycles": "cycles a frame",
    "block_rams": "block RAMs",
}
"""The costs of a point: fields of ``Measured``, with their labels on the chart."""

COLOURS = ("#2a6f97", "#c8553d", "#4f772d", "#7b4b94", "#b8860b")  # by array
NEUTRAL = "#444444"  # of costs that do not depend on the array
MARKS = {4: "o", 8: "s"}  # by bits
APART = 40, 10  # least distance of names in points, across and up


def front(points: Sequence[Measured], cost: str) -> list[Measured]:
    """The Pareto front, cheapest first: each point is more accurate than all cheaper points.

    Of points with equal cost and accuracy, the front has the first.
    """
    best: list[Measured] = []
    for point in sorted(points, key=lambda point: (getattr(point, cost), -point.top1)):
        if not best or point.top1 > best[-1].top1:
            best.append(point)
    return best


def write_table(points: Sequence[Measured], path: Path) -> None:
    """Writes all points as CSV."""
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, [field.name for field in dataclasses.fields(Measured)])
    table.writeheader()
    table.writerows(dataclasses.asdict(point) for point in points)
    write_whole(path, text.getvalue().encode(), "table")


def draw(points: Sequence[Measured], title: str, path: Path) -> None:
    """Draws a panel for each cost, like figure 3 of the SqueezeNet paper, in SVG or PNG."""
    import matplotlib
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.6), layout="constrained")
    figure.suptitle(title)
    for axes, cost in zip(figure.subplots(1, len(COSTS), sharey=True), COSTS, strict=True):
        _panel(axes, points, cost)
        axes.legend(frameon=False, fontsize="small", loc="lower right")
    figure.axes[0].set_ylabel("test pictures right, %")
    drawn = io.BytesIO()
    kind = path.suffix.removeprefix(".")
    with matplotlib.rc_context({"svg.hashsalt": "", "svg.fonttype": "none"}):  # reproducible
        undated = {"Date": None} if kind == "svg" else {}
        figure.savefig(drawn, format=kind, dpi=120, metadata=undated)
    write_whole(path, drawn.getvalue(), "chart")


def _panel(axes, points: Sequence[Measured], cost: str) -> None:
    """Draws the points, the front as a line, and the names of its points."""
    from matplotlib.ticker import EngFormatter, LogLocator

    def places(chosen: Sequence[Measured]) -> tuple[list[float], list[float]]:
        return [getattr(each, cost) for each in chosen], [100 * each.top1 for each in chosen]

    axes.set_xscale("log")
    best = front(points, cost)
    axes.step(*places(best), where="post", color="#bbbbbb", zorder=0, label="Pareto front")
    arrays = sorted({point.array for point in points}, key=_sides)
    if cost == "weight_bytes":
        series = {"": (points, NEUTRAL)}
    else:
        series = {
            f"{array}, ": ([point for point in points if point.array == array], colour)
            for array, colour in zip(arrays, itertools.cycle(COLOURS), strict=False)
        }
    for name, (own, colour) in series.items():
        for bits, mark in MARKS.items():
            chosen = [point for point in own if point.bits == bits]
            if chosen:
                style = {"color": colour, "marker": mark, "s": 26, "linewidths": 0}
                axes.scatter(*places(chosen), label=f"{name}{bits} bits", **style)
    axes.margins(x=0.18, y=0.08)
    _name(axes, best, np.column_stack(places(best)))
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.minorticks_off()
    axes.set_xlabel(COSTS[cost])
    axes.grid(color="#eeeeee")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _name(axes, best: Sequence[Measured], places: np.ndarray) -> None:
    """Names the front's points, the best first; leaves out names that would overlap another."""
    taken: list[np.ndarray] = []
    for point, place in zip(reversed(best), reversed(places), strict=True):
        shown = axes.transData.transform(place) * 72 / axes.figure.dpi
        if all((abs(shown - other) > APART).any() for other in taken):
            taken.append(shown)
            axes.annotate(
                point.network.partition("-")[2] or point.network,
                place,
                xytext=(-4, 3),
                textcoords="offset points",
                horizontalalignment="right",
                fontsize=7,
                color=NEUTRAL,
            )


def _sides(array: str) -> tuple[int, ...]:
    return tuple(map(int, array.split("x")))
