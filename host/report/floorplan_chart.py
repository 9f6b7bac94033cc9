"""The report's floorplans: the die with its cells, and with its wires."""

import math
from collections.abc import Callable, Iterable

from ..bitstream.floorplan import Floorplan, Tile
from ..bitstream.slow_paths import CriticalPath
from . import svg

LEVELS = 5  # shades
FULL = 16  # LUTs and flip-flops of a full tile


def cells_plan(plan: Floorplan, path: CriticalPath | None) -> str:
    """The die, shaded by LUTs and flip-flops, with block RAMs, multipliers and a path."""
    hard = [
        f'<path class="{kind}" d="{"".join(svg.box(t.column, t.row, 1.8, 1) for t in tiles)}"/>'
        for kind, tiles in (
            ("ebr", [tile for tile in plan.tiles if tile.block_rams]),
            ("dsp", [tile for tile in plan.tiles if tile.multipliers]),
        )
        if tiles
    ]
    shades = _shades(plan.tiles, lambda tile: (tile.luts + tile.ffs) / FULL)
    return _die(plan, shades + hard + _path(path))


def wires_plan(plan: Floorplan, path: CriticalPath | None) -> str:
    """The die, shaded by closed switches relative to the fullest tile, with a path."""
    most = max((tile.wires for tile in plan.tiles), default=0) or 1
    return _die(plan, _shades(plan.tiles, lambda tile: tile.wires / most) + _path(path))


def _die(plan: Floorplan, parts: list[str]) -> str:
    return (
        f'<svg class="die" viewBox="-1 -1 {plan.columns + 2} {plan.rows + 2}" role="img">'
        f'<rect class="edge" width="{plan.columns}" height="{plan.rows}"/>{"".join(parts)}</svg>'
    )


def _shades(tiles: Iterable[Tile], share: Callable[[Tile], float]) -> list[str]:
    """One SVG path for each shade; a share of 1 gets the darkest."""
    boxes: dict[int, list[str]] = {}
    for tile in tiles:
        if level := math.ceil(min(share(tile), 1) * LEVELS):
            boxes.setdefault(level, []).append(svg.box(tile.column, tile.row, 0.92, 0.92))
    return [
        f'<path class="shade" fill-opacity="{0.1 + 0.8 * level / LEVELS:.2f}" d="{"".join(each)}"/>'
        for level, each in sorted(boxes.items())
    ]


def _path(path: CriticalPath | None) -> list[str]:
    """A line from tile to tile, with a dot at its start."""
    if not path:
        return []
    places = list(dict.fromkeys((hop.column + 0.5, hop.row + 0.5) for hop in path.hops))
    line = "L".join(f"{column} {row}" for column, row in places)
    column, row = places[0]
    return [
        f'<path class="critical" d="M{line}"/>',
        f'<circle class="critical" cx="{column}" cy="{row}" r="0.7"/>',
    ]
