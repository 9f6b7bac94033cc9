"""The sites exist on the dies; lane pairs get adjacent strips of whole slices."""

import json
import re
import subprocess
from itertools import pairwise

import pytest
from fireline.host.bitstream.place_and_route import DEVICES
from fireline.host.bitstream.sites import (
    place_multipliers,
    place_pair_block_rams,
    place_tested_block_rams,
)
from fireline.host.tools import PIP
from fireline.hw.array.mac_array import MacArray
from fireline.hw.boards import BOARDS, find_board
from fireline.hw.ecp5.sites import SITES
from hypothesis import given
from hypothesis import strategies as st
from support.yosys import synthesized


def multiplier() -> dict:
    """A multiplier with constant inputs, in a form that nextpnr accepts."""
    pins = [f"{side}{n}" for side in "AB" for n in range(18)]
    return cell("MULT18X18D", [*pins, "SIGNEDA", "SIGNEDB", "SOURCEA", "SOURCEB", "CLK0", "RST0"])


def block_ram() -> dict:
    """A block RAM with constant inputs, in a form that nextpnr accepts."""
    pins = [f"{pin}{side}" for pin in ("CLK", "CE", "OCE", "WE", "RST") for side in "AB"]
    return cell("DP16KD", pins)


def cell(kind: str, inputs: list[str]) -> dict:
    return {
        "type": kind,
        "parameters": {},
        "attributes": {},
        "port_directions": dict.fromkeys(inputs, "input"),
        "connections": {pin: ["0"] for pin in inputs},
    }


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_the_sites_are_those_of_the_device(board, tmp_path):
    cells = {f"m{n}": multiplier() for n in range(board.multipliers)}
    cells |= {f"r{n}": block_ram() for n in range(board.block_rams)}
    top = {"attributes": {"top": "1"}, "ports": {}, "netnames": {}, "cells": cells}
    (tmp_path / "top.json").write_text(json.dumps({"modules": {"top": top}}))
    options = [DEVICES[board.device], "--package", board.package, "--no-route"]
    files = ["--json", "top.json", "--write", "placed.json"]
    command = [PIP.find("nextpnr-ecp5").path, *options, *files]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    placed = json.loads((tmp_path / "placed.json").read_text())["modules"]["top"]["cells"]
    found: dict[str, list[str]] = {"MULT18X18D": [], "DP16KD": []}
    for each in placed.values():
        if each["type"] in found:
            found[each["type"]].append(each["attributes"]["NEXTPNR_BEL"])
    multipliers = {site for halves in SITES[board.device].slices() for *_, site in halves}
    assert sorted(found["MULT18X18D"]) == sorted(multipliers)
    block_rams = SITES[board.device].block_ram_chain()
    assert sorted(found["DP16KD"]) == sorted(block_rams)


def test_the_chain_goes_from_site_to_near_site():
    chain = SITES["LFE5U-85F"].block_ram_chain()
    places = [tuple(map(int, re.findall(r"[XY](\d+)", site))) for site in chain]
    for (column, row), (next_column, next_row) in pairwise(places):
        assert abs(next_column - column) <= 5 if row == next_row else next_column == column


def test_tested_block_rams_follow_the_chain_and_others_are_free():
    board = find_board("ulx3s-25f")
    cells = {f"selftest.block_rams.ram{n}.bank.0.0": block_ram() for n in range(54)}
    cells |= {name: block_ram() for name in ("selftest.lanes.bank.0.0", "core.ram3.bank.0.0")}
    place_tested_block_rams({"cells": cells}, board)
    sites = [each["attributes"].get("BEL") for each in cells.values()]
    assert sites == [*SITES[board.device].block_ram_chain()[:54], None, None]


@pytest.mark.parametrize("pairs", [1, 8, 16])
def test_on_a_full_die_block_rams_stand_beside_their_lane_pairs(pairs):
    board, own = find_board("ulx3s-85f"), 176 // pairs
    cells = {
        f"core.weights.pair{p}.bank{n}_0.0.0": block_ram() for p in range(pairs) for n in range(own)
    }
    cells |= {f"core.activations.bank{n}.0.0": block_ram() for n in range(22)}
    cells |= array(pairs, 144 // pairs, {})["cells"]
    place_multipliers({"cells": cells}, board)
    place_pair_block_rams({"cells": cells}, board)
    rams = {name: each for name, each in cells.items() if each["type"] == "DP16KD"}
    sites = [each["attributes"]["BEL"] for name, each in rams.items() if "pair" in name]
    assert len(set(sites)) == len(sites) == pairs * own
    assert not any("BEL" in each["attributes"] for name, each in rams.items() if "act" in name)
    if pairs > 1:
        for pair in range(pairs):
            columns = {
                kind: [
                    int(re.match(r"X(\d+)", each["attributes"]["BEL"])[1])
                    for name, each in cells.items()
                    if f"pair{pair}." in name and each["type"] == kind
                ]
                for kind in ("DP16KD", "MULT18X18D")
            }
            centres = [sum(found) / len(found) for found in columns.values()]
            assert abs(centres[0] - centres[1]) < 12, pair


def test_block_rams_are_free_where_the_die_has_some_to_spare():
    cells = {f"core.weights.pair{n % 8}.bank{n}_0.0.0": block_ram() for n in range(197)}
    place_pair_block_rams({"cells": cells}, find_board("ulx3s-85f"))
    assert not any("BEL" in each["attributes"] for each in cells.values())


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
