"""The sites of multipliers exist on the dies; lane pairs get adjacent strips of whole slices."""

import json
import re
import subprocess
from itertools import pairwise

import pytest
from fireline.host.bitstream.place_and_route import DEVICES
from fireline.host.bitstream.sites import place_multipliers
from fireline.host.bitstream.tools import find_tool
from fireline.hw.array.mac_array import MacArray
from fireline.hw.boards import BOARDS, find_board
from fireline.hw.ecp5.dsp_sites import SITES
from hypothesis import given
from hypothesis import strategies as st
from support.yosys import synthesized


def multiplier() -> dict:
    """A multiplier with constant inputs, in a form that nextpnr accepts."""
    pins = {f"{side}{n}": ["0"] for side in "AB" for n in range(18)}
    pins |= {name: ["0"] for name in ("SIGNEDA", "SIGNEDB", "SOURCEA", "SOURCEB", "CLK0", "RST0")}
    directions = {pin: "input" for pin in pins}
    return {
        "type": "MULT18X18D",
        "parameters": {},
        "attributes": {},
        "port_directions": directions,
        "connections": pins,
    }


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_the_sites_are_those_of_the_device(board, tmp_path):
    cells = {f"m{n}": multiplier() for n in range(board.multipliers)}
    top = {"attributes": {"top": "1"}, "ports": {}, "netnames": {}, "cells": cells}
    (tmp_path / "top.json").write_text(json.dumps({"modules": {"top": top}}))
    options = [DEVICES[board.device], "--package", board.package, "--no-route"]
    files = ["--json", "top.json", "--write", "placed.json"]
    command = [find_tool("nextpnr-ecp5"), *options, *files]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    placed = json.loads((tmp_path / "placed.json").read_text())["modules"]["top"]["cells"]
    sites = {site for halves in SITES[board.device].slices() for *_, site in halves}
    found = [
        cell["attributes"]["NEXTPNR_BEL"]
        for cell in placed.values()
        if cell["type"] == "MULT18X18D"
    ]
    assert sorted(found) == sorted(sites)


def array(pairs: int, most: int, others: dict[str, int]) -> dict:
    """A netlist of lane pairs with `most` multipliers each, and of other cells."""
    cells = {
        f"array.pair{p}.multiplier{n}.dsp": multiplier() for p in range(pairs) for n in range(most)
    }
    cells |= {
        f"{kind}{n}": {"type": kind, "attributes": {}}
        for kind in others
        for n in range(others[kind])
    }
    return {"cells": cells, "ports": {}}


def columns(netlist: dict, pair: int) -> list[int]:
    """The columns of the pair's multipliers."""
    return [
        int(re.match(r"X(\d+)/", cell["attributes"]["BEL"])[1])
        for name, cell in netlist["cells"].items()
        if name.startswith(f"array.pair{pair}.")
    ]


def sites_of(netlist: dict) -> list[str]:
    """The sites of all multipliers, each of which must have one."""
    return [
        cell["attributes"]["BEL"]
        for cell in netlist["cells"].values()
        if cell["type"] == "MULT18X18D"
    ]


def check(sites: list[str]) -> None:
    """No site is given twice, and no odd half stands without its even half."""
    assert len({*sites}) == len(sites)
    for site in sites:
        column, row, half = map(int, re.fullmatch(r"X(\d+)/Y(\d+)/MULT18_([0145])", site).groups())
        assert half in (0, 4) or f"X{column - 1}/Y{row}/MULT18_{half - 1}" in sites, site


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
@given(st.data())
def test_pairs_get_adjacent_strips_and_no_odd_half_stands_alone(board, data):
    pairs = data.draw(st.integers(1, 16))
    most = data.draw(st.integers(1, max(1, board.multipliers // pairs)))
    others = {
        "TRELLIS_FF": data.draw(st.integers(0, board.luts)),
        "MULT18X18D": data.draw(st.integers(0, board.multipliers - pairs * most)),
    }
    netlist = array(pairs, most, others)
    place_multipliers(netlist, board)
    check(sites_of(netlist))
    strips = [columns(netlist, pair) for pair in range(pairs)]
    for strip, following in pairwise(strips):
        assert max(strip) <= min(following) + 1  # two rows' slices of one column may be shared out


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_any_number_of_multipliers_fits(board):
    for pairs in range(1, 17):
        for most in range(1, board.multipliers // pairs + 1):
            for others in {0, 1, board.multipliers - pairs * most}:
                if others <= board.multipliers - pairs * most:
                    netlist = array(pairs, most, {"MULT18X18D": others})
                    place_multipliers(netlist, board)
                    check(sites_of(netlist))


def test_the_requantizers_multipliers_stand_in_the_middle():
    netlist = array(4, 4, {"MULT18X18D": 4})
    place_multipliers(netlist, find_board("ulx3s-25f"))
    middle = [int(re.match(r"X(\d+)/", site)[1]) for site in sites_of(netlist)[16:]]
    assert max(columns(netlist, 1)) < min(middle) and max(middle) < min(columns(netlist, 2))


def test_a_site_that_the_design_gives_stays():
    netlist = array(2, 13, {"MULT18X18D": 1})
    own = netlist["cells"]["MULT18X18D0"]
    own["attributes"]["BEL"] = "X34/Y13/MULT18_1"
    place_multipliers(netlist, find_board("ulx3s-25f"))
    assert own["attributes"]["BEL"] == "X34/Y13/MULT18_1"
    sites = sites_of(netlist)
    assert "X33/Y13/MULT18_0" not in sites
    check(sites[:-1])


def test_a_small_design_takes_the_middle_of_a_large_die():
    board = find_board("ulx3s-85f")
    small, large = (array(4, 8, {"TRELLIS_FF": flip_flops}) for flip_flops in (4_000, 80_000))
    for netlist in (small, large):
        place_multipliers(netlist, board)
    assert min(columns(small, 0)) > 35 and max(columns(small, 3)) < 90
    assert min(columns(large, 0)) < 35 and max(columns(large, 3)) > 90


def test_all_multipliers_of_a_real_array_are_placed(tmp_path):
    array = MacArray(4, 4, accumulator_bits=20, exponent_bits=1, dsp=6)
    netlist = synthesized(array, tmp_path)["modules"]["top"]
    place_multipliers(netlist, find_board("ulx3s-25f"))
    multipliers = [cell for cell in netlist["cells"].values() if cell["type"] == "MULT18X18D"]
    assert len({cell["attributes"]["BEL"] for cell in multipliers}) == len(multipliers) == 6


def test_a_design_without_multipliers():
    netlist = array(0, 0, {"TRELLIS_FF": 2})
    place_multipliers(netlist, find_board("ulx3s-12f"))
    assert all(not cell["attributes"] for cell in netlist["cells"].values())
