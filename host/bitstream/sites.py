"""Where the multipliers of each lane pair stand on the die."""

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from ...hw.boards.board import Board

ROOM = 1.5
"""How much more than what it takes of the die a design is given of its width."""

MULTIPLIER = re.compile(r"\bpair(\d+)\.multiplier(\d+)\.dsp$")

LUTS = {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6}
"""What the cells take that are made of LUTs."""


@dataclass(frozen=True)
class MultiplierSites:
    """Multipliers stand in rows as wide as the die, by fours, at the same columns in each row."""

    rows: tuple[int, ...]
    fours: tuple[int, ...]

    OFFSETS = (0, 1, 4, 5)
    """Of four multipliers, each of which is called by its own."""

    def columns(self) -> list[list[tuple[int, int, str]]]:
        """Row, column and name, nextpnr's, of each site; columns from left to right."""
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
    """Gives the lane pairs strips of the die side by side, and their multipliers sites there.

    nextpnr gathers what hangs together first and looks for free multipliers afterwards, which may
    be half the die away: there are few, and in three rows at most. All wires of a multiplier then
    run along that row, and those of many do not fit. When the multipliers stand where they stay,
    the rest of each pair gathers around them. `netlist` is the top module of Yosys' JSON, changed
    in place, with as many multipliers in each pair; those of no pair stand where nextpnr likes.
    """
    cells, pairs = netlist["cells"], defaultdict(dict)
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
    """How much of the die they take, by that of which they take most."""
    count = Counter(cell["type"] for cell in cells.values())
    return max(
        sum(luts * count[kind] for kind, luts in LUTS.items()) / board.luts,
        count["TRELLIS_FF"] / board.luts,
        count["MULT18X18D"] / board.multipliers,
        count["DP16KD"] / board.block_rams,
    )
