"""Places the multipliers of each lane pair on the die."""

import math
import re
from collections import Counter, defaultdict

from ...hw.boards.board import Board
from ...hw.ecp5.dsp_sites import SITES

ROOM = 1.5
"""The share of the die's width that a design gets, divided by the share of cells that it uses."""

MULTIPLIER = re.compile(r"\bpair(\d+)\.multiplier(\d+)\.dsp$")

LUTS = {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6}
"""LUTs that each kind of cell takes."""


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
