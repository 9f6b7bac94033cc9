"""Places multipliers and block RAMs on the die."""

import math
import re
from collections import Counter, defaultdict
from itertools import chain

from ...hw.boards.board import Board
from ...hw.ecp5.sites import SITES

ROOM = 1.5
"""The share of the die's width that a design gets, divided by the share of cells that it uses."""

PLACED = "placed_by_fireline"
"""Attribute of the multipliers whose site `place_multipliers` chose."""

MULTIPLIER = re.compile(r"\bpair(\d+)\.multiplier(\d+)\.dsp$")

TESTED = re.compile(r"\bblock_rams\.ram(\d+)\.")
"""A block RAM of the self-test, and its number in the chain."""

IN_PAIR = re.compile(r"\bweights\.pair(\d+)\.")
"""A block RAM of the weight ROM, and the lane pair that it stands beside."""

NEARLY_ALL = 0.95
"""The share of the die's block RAMs from which on those of lane pairs get sites."""

LUTS = {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6}
"""LUTs that each kind of cell takes."""


def place_multipliers(netlist: dict, board: Board) -> None:
    """Gives the lane pairs adjacent strips of the die, and every multiplier a site.

    nextpnr places connected logic together first and then looks for free multipliers, which may be
    half a die away, because a die has at most three rows of them. The wires of many multipliers
    then share a row's routing and do not fit. With the multipliers fixed first, nextpnr places the
    rest of each pair around them. Multipliers outside of lane pairs, which are the requantizer's,
    get a strip in the middle.

    No odd half of a DSP slice is in use without its even half (see `Sites`).

    `netlist` is the top module of Yosys' JSON, changed in place; it has at most as many multipliers
    as the board. Multipliers that have a site in the design keep it, and no other gets a site in
    their slices.
    """
    cells = netlist["cells"]
    multipliers = {name: cell for name, cell in cells.items() if cell["type"] == "MULT18X18D"}
    fixed = {cell["attributes"].get("BEL") for cell in multipliers.values()}
    groups = _groups({n: cell for n, cell in multipliers.items() if not _is_fixed(cell)})
    slices = [
        halves
        for halves in SITES[board.device].slices()
        if not any(name in fixed for *_, name in halves)
    ]
    width = math.ceil(min(1, ROOM * _share(cells, board)) * len(slices))
    margin = (len(slices) - width) // 2
    sites = [site for halves in slices[margin : margin + width] for site in halves]
    total = sum(map(len, groups))
    done = end = 0  # multipliers that have a site, and the first site behind them
    for group in filter(None, groups):
        strip, done = done * len(sites) // total, done + len(group)
        start = (strip + done * len(sites) // total - len(group)) // 2
        start = max(end, start - start % 2)  # an even half, or the odd one of a slice in use
        end = start + len(group)
        for (*_, site), cell in zip(sorted(sites[start:end]), group, strict=True):
            cell["attributes"] |= {"BEL": site, PLACED: "1"}


def place_tested_block_rams(netlist: dict, board: Board) -> None:
    """Gives the block RAMs of a self-test sites in the order of its chain.

    They are nearly all that the die has. nextpnr places each one beside the registers that it feeds
    and then looks for a free site, which may be a die away; so many long wires cannot be routed.
    `netlist` is the top module of Yosys' JSON, changed in place.
    """
    sites = SITES[board.device].block_ram_chain()
    for name, cell in netlist["cells"].items():
        match = TESTED.search(name)
        if match and cell["type"] == "DP16KD":
            cell["attributes"]["BEL"] = sites[int(match[1])]


def place_pair_block_rams(netlist: dict, board: Board) -> None:
    """Gives each lane pair's block RAMs sites beside its strip, if the die has few to spare.

    Otherwise nextpnr finds free sites near the lanes by itself. On a full die it leaves single
    block RAMs far away. The block RAMs of no pair share the sites that are left, in the middle.

    `netlist` is the top module of Yosys' JSON, changed in place.
    """
    rams = {name: cell for name, cell in netlist["cells"].items() if cell["type"] == "DP16KD"}
    if len(rams) < NEARLY_ALL * board.block_rams:
        return
    pairs: dict[int, list[dict]] = defaultdict(list)
    for name, cell in sorted(rams.items()):
        if match := IN_PAIR.search(name):
            pairs[int(match[1])].append(cell)
    groups = [own for _, own in sorted(pairs.items())]
    half = len(groups) // 2
    sites = SITES[board.device].block_ram_columns()
    for side, order in ((groups[:half], sites), (groups[half:][::-1], sites[::-1])):
        for cell, site in zip(chain(*side), order, strict=False):
            cell["attributes"]["BEL"] = site


def _is_fixed(cell: dict) -> bool:
    return "BEL" in cell["attributes"]


def _groups(multipliers: dict[str, dict]) -> list[list[dict]]:
    """The multipliers of each lane pair, from left to right; in the middle, those of no pair."""
    pairs: dict[int, dict[int, dict]] = defaultdict(dict)
    others = []
    for name, cell in multipliers.items():
        match = MULTIPLIER.search(name)
        if match:
            pair, number = map(int, match.groups())
            pairs[pair][number] = cell
        else:
            others.append(cell)
    groups = [[own[number] for number in sorted(own)] for _, own in sorted(pairs.items())]
    groups.insert(len(groups) // 2, others)
    return groups


def _share(cells: dict, board: Board) -> float:
    """The greatest share of any one resource of the die that the cells take."""
    count = Counter(cell["type"] for cell in cells.values())
    return max(
        sum(luts * count[kind] for kind, luts in LUTS.items()) / board.luts,
        count["TRELLIS_FF"] / board.luts,
        count["MULT18X18D"] / board.multipliers,
        count["DP16KD"] / board.block_rams,
    )
