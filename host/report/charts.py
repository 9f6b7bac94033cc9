"""The report's drawings in SVG: colours and fonts are the page's, by class."""

import math
from collections.abc import Callable, Iterable

from ...hw.program import Program
from ..bitstream.floorplan import Floorplan, Tile
from ..bitstream.slow_paths import CriticalPath
from ..compiler.timing import FrameTiming
from .roofline import LayerLoad

LEVELS = 5  # shades of a floorplan
LOGIC = 16  # LUTs and flip-flops of a tile that is full
LETTER, LINE = 6.1, 13  # size of a label's letter
Box = tuple[float, float, float, float]  # left, top, right, bottom
TICKS = (1, 2, 2.5, 5)  # times a power of ten


def ticks(end: float, count: int = 5) -> list[float]:
    """Round numbers from 0 up to ``end``, about that many."""
    power = 10 ** math.floor(math.log10(end / count))
    step = next((tick * power for tick in TICKS if tick * power * count >= end), 10 * power)
    return [number * step for number in range(int(end / step) + 1)]


def lanes(program: Program, timing: FrameTiming) -> list[tuple[str, str]]:
    """Each layer's name with its row operations as a path, one unit high, a unit a cycle wide."""
    paths = {layer.name: [] for layer in program.layers}
    for row, (first, last) in zip(program.rows, timing.operations, strict=True):
        paths[program.layers[row.layer].name].append(_box(first, 0, last - first + 1, 1))
    return [(name, "".join(boxes)) for name, boxes in paths.items()]


def roofline(loads: Iterable[LayerLoad], products: int, channels: int) -> str:
    """Layers under the roofs of ``products`` and of ``channels`` results a cycle, in log scales."""
    loads = list(loads)
    width, height, left, right, top, bottom = 430, 310, 42, 12, 26, 38
    x_range = _powers([load.intensity for load in loads] + [products / channels / 2])
    y_range = _powers([load.rate for load in loads] + [products * 1.3])

    def x(value: float) -> float:
        share = math.log2(value / x_range[0]) / math.log2(x_range[1] / x_range[0])
        return round(left + share * (width - left - right), 1)

    def y(value: float) -> float:
        share = math.log2(value / y_range[0]) / math.log2(y_range[1] / y_range[0])
        return round(height - bottom - share * (height - top - bottom), 1)

    parts = []
    for value in _doublings(x_range):
        parts.append(f'<path class="grid" d="M{x(value)} {top}V{height - bottom}"/>')
        parts.append(_text(x(value), height - bottom + 15, f"{value:g}", "tick", "middle"))
    for value in _doublings(y_range):
        parts.append(f'<path class="grid" d="M{left} {y(value)}H{width - right}"/>')
        parts.append(_text(left - 6, y(value) + 4, f"{value:g}", "tick", "end"))
    parts.append(_text(width - right, height - 4, "MAC passes a result", "tick", "end"))
    parts.append(_text(0, 9, "MAC passes a cycle", "tick"))
    start = max(x_range[0], y_range[0] / channels)
    roof = f"M{x(start)} {y(start * channels)}L{x(products / channels)} {y(products)}"
    parts.append(f'<path class="roof" d="{roof}H{width - right}"/>')
    points: dict[tuple[float, float], list[LayerLoad]] = {}
    for load in loads:
        points.setdefault((x(load.intensity), y(load.rate)), []).append(load)
    taken = [(px - 6, py - 6, px + 6, py + 6) for px, py in points]
    taken.append((x(products / channels), y(products) - 1, width, y(products) + 1))
    for (px, py), equal in points.items():
        hint = ", ".join(load.name for load in equal)
        parts.append(
            f'<circle class="{equal[0].kind} point" cx="{px}" cy="{py}" r="4.5">'
            f"<title>{hint}: {equal[0].rate:.1f} of {equal[0].roof:.1f}</title></circle>"
        )
        name = equal[0].name + (f" + {len(equal) - 1}" if equal[1:] else "")
        frame = (left, top, width, height - bottom)
        if place := _free_place(px, py, len(name) * LETTER, taken, frame):
            parts.append(_text(*place, name, "label"))
    return f'<svg class="chart" viewBox="0 0 {width} {height}" role="img">{"".join(parts)}</svg>'


def cells_plan(plan: Floorplan, path: CriticalPath | None) -> str:
    """The die with what its tiles hold, and a path across it."""
    hard = [
        f'<path class="{kind}" d="{"".join(_box(t.column, t.row, 1.8, 1) for t in tiles)}"/>'
        for kind, tiles in (
            ("ebr", [tile for tile in plan.tiles if tile.block_rams]),
            ("dsp", [tile for tile in plan.tiles if tile.multipliers]),
        )
        if tiles
    ]
    shades = _shades(plan.tiles, lambda tile: (tile.luts + tile.ffs) / LOGIC)
    return _die(plan, shades + hard + _path(path))


def wires_plan(plan: Floorplan, path: CriticalPath | None) -> str:
    """The die with how many switches are closed in its tiles, and a path across it."""
    most = max((tile.wires for tile in plan.tiles), default=0) or 1
    return _die(plan, _shades(plan.tiles, lambda tile: tile.wires / most) + _path(path))


def _die(plan: Floorplan, parts: list[str]) -> str:
    return (
        f'<svg class="die" viewBox="-1 -1 {plan.columns + 2} {plan.rows + 2}" role="img">'
        f'<rect class="edge" width="{plan.columns}" height="{plan.rows}"/>{"".join(parts)}</svg>'
    )


def _shades(tiles: Iterable[Tile], share: Callable[[Tile], float]) -> list[str]:
    """A path a shade."""
    boxes: dict[int, list[str]] = {}
    for tile in tiles:
        if level := math.ceil(min(share(tile), 1) * LEVELS):
            boxes.setdefault(level, []).append(_box(tile.column, tile.row, 0.92, 0.92))
    return [
        f'<path class="shade" fill-opacity="{0.1 + 0.8 * level / LEVELS:.2f}" d="{"".join(each)}"/>'
        for level, each in sorted(boxes.items())
    ]


def _path(path: CriticalPath | None) -> list[str]:
    """The path from tile to tile, a dot where it starts."""
    if not path:
        return []
    places = list(dict.fromkeys((hop.column + 0.5, hop.row + 0.5) for hop in path.hops))
    line = "L".join(f"{column} {row}" for column, row in places)
    column, row = places[0]
    return [
        f'<path class="critical" d="M{line}"/>',
        f'<circle class="critical" cx="{column}" cy="{row}" r="0.7"/>',
    ]


def _box(x: float, y: float, width: float, height: float) -> str:
    return f"M{x} {y}h{width}v{height}h-{width}z"


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{text}</text>'


def _powers(values: list[float]) -> tuple[float, float]:
    """The powers of two around them."""
    low, high = math.floor(math.log2(min(values))), math.ceil(math.log2(max(values)))
    return 2.0 ** (low - (low == high)), 2.0**high


def _doublings(span: tuple[float, float]) -> list[float]:
    """The powers of two in it, no more than nine."""
    low, high = (round(math.log2(end)) for end in span)
    return [2.0**power for power in range(low, high + 1, 1 + (high - low) // 9)]


def _free_place(
    x: float, y: float, length: float, taken: list[Box], frame: Box
) -> tuple[float, float] | None:
    """Where a label of that length by the point overlaps nothing; its box is added to ``taken``."""
    left, top, right, bottom = frame
    for dx, dy in ((9, 4), (-9 - length, 4), (-length / 2, -10), (-length / 2, 20)):
        box = (x + dx, y + dy - LINE + 3, x + dx + length, y + dy + 3)
        inside = box[0] >= left and box[1] >= top and box[2] <= right and box[3] <= bottom
        apart = all(box[0] > b[2] or b[0] > box[2] or box[1] > b[3] or b[1] > box[3] for b in taken)
        if inside and apart:
            taken.append(box)
            return x + dx, y + dy
    return None
