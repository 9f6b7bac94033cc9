"""Places the multipliers of each lane pair on the die."""

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from ...hw.boards.board import Board

ROOM = 1.5
"""The share of the die's width that a design gets, divided by the share of cells that it uses."""

MULTIPLIER = re.compile(r"\bpair(\d+)\.multiplier(\d+)\.dsp$")

LUTS = {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6}
"""LUTs that each kind of cell takes."""


@dataclass(frozen=True)
class MultiplierSites:
    """Rows of multipliers across the die, in fours at the same columns in each row."""

    rows: tuple[int, ...]
    fours: tuple[int, ...]

    OFFSETS = (0, 1, 4, 5)
    """Columns of the multipliers of a four, relative to the first; each also names its site."""

    def columns(self) -> list[list[tuple[int, int, str]]]:
        """Row, column and nextpnr name of each site; a list for each column, from left to right."""
        return [
            [(row, first + n, f"X{first + n}/Y{row}/MULT18_{n}") for row in self.rows]
            for first in self.fours
            for n in self.OFFSETS
        ]


SMALL = MultiplierSites(rows=(13,), fours=(4, 13, 22, 33, 42, 51, 60))
SITES = {
    "LFE5U-12F": SMALL,
    "LFE5U-25F": SMALL,
    "LFE5U-45F": MultiplierSites(rows=(22, 46), fours=(4, 13, 22, 31, 42, 51, 60, 69, 78)),
    "LFE5U-85F": MultiplierSites(
        rows=(10, 34, 58), fours=(4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114)
    ),
}


def place_multipliers(netlist: dict, board: Board) -> None:
    """Gives the lane pairs adjacent strips of the die, and their multipliers sites there.

    nextpnr places connected logic together first and then looks for free multipliers, which may be
    half a die away, because a die has at most three rows of them. The wires of many multipliers
    then share a row's routing and do not fit. With the multipliers fixed first, nextpnr places the
    rest of each pair around them.

    `netlist` is the top module of Yosys' JSON, changed in place; all of its lane pairs have the
    same number of multipliers. nextpnr places multipliers outside of lane pairs.
    """
    cells = netlist["cells"]
    pairs: dict[int, dict[int, dict]] = defaultdict(dict)
    for name, cell in cells.items():
        match = MULTIPLIER.search(name)
        if cell["type"] == "MULT18X18D" and match:
            pair, number = map(int, match.groups())
            pairs[pair][number] = cell
    columns = SITES[board.device].columns()
    width = math.ceil(min(1, ROOM * _share(cells, board)) * len(columns))
    margin = (len(columns) - width) // 2
    sites = [site for column in columns[margin : margin + width] for site in column]
    for place, (_, multipliers) in enumerate(sorted(pairs.items())):
        start, end = (n * len(sites) // len(pairs) for n in (place, place + 1))
        start += (end - start - len(multipliers)) // 2
        own = sorted(sites[start : start + len(multipliers)])
        for (*_, site), number in zip(own, sorted(multipliers), strict=True):
            multipliers[number]["attributes"]["BEL"] = site


def _share(cells: dict, board: Board) -> float:
    """The greatest share of any one resource of the die that the cells take."""
    count = Counter(cell["type"] for cell in cells.values())
    return max(
        sum(luts * count[kind] for kind, luts in LUTS.items()) / board.luts,
        count["TRELLIS_FF"] / board.luts,
        count["MULT18X18D"] / board.multipliers,
        count["DP16KD"] / board.block_rams,
    )
