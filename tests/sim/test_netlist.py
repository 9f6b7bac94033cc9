"""The netlist that is placed, simulated whole: a sound one gives the golden model's scores, and
each fault put into it is found."""

import json
import re
from copy import deepcopy
from dataclasses import replace

import pytest
from fireline.errors import ComparisonFailed, FirelineError
from fireline.host.bitstream.design import design
from fireline.host.bitstream.synthesis import NETLIST, synthesize
from fireline.host.network.architecture import Conv1
from fireline.host.network.random_network import random_network
from fireline.host.tools import PIP
from fireline.hw.boards import find_board
from fireline.sim import netlist as simulation
from fireline.sim.board import compilation
from support.networks.small import TINY, compiled, fire, network

BOARD = find_board("ulx3s-25f")
NETWORK = network(Conv1(6, 3, 1, 1), "pool", fire(8, 16, 16))
"""Small, with more weights than distributed RAM holds."""


def changed(netlist: dict, kind: str, found, change) -> tuple[str, dict]:
    """The first cell of a kind for which `found` holds, by its name, and a copy with a change."""
    for name, cell in netlist["modules"]["top"]["cells"].items():
        if cell["type"] == kind and found(name, cell):
            faulty = deepcopy(cell)
            change(faulty)
            return name, faulty
    raise AssertionError(kind)


def parameter(key, value):
    return lambda cell: cell["parameters"].update({key: value})


def flipped(text: str) -> str:
    return text.translate(str.maketrans("01", "10"))


def faults(netlist: dict) -> dict[str, tuple[str, dict]]:
    """For each fault the cell that it replaces, and the faulty cell."""

    def constant(cell):
        cell["parameters"]["INIT"] = flipped(cell["parameters"]["INIT"])

    def carry(cell):
        table = cell["parameters"]["INIT0"]  # its last four bits are the carry
        cell["parameters"]["INIT0"] = table[:12] + flipped(table[12:])

    def contents(cell):
        bits = cell["parameters"]["INITVAL_00"]
        place = bits.rindex("1")
        cell["parameters"]["INITVAL_00"] = bits[:place] + "0" + bits[place + 1 :]

    def reset(cell):
        cell["connections"]["RST3"] = ["1"]

    def enable(cell):
        cell["parameters"]["CEMUX"] = "CE" if cell["parameters"]["CEMUX"] == "INV" else "INV"

    def is_rom(name, cell):  # of another pair than the first fault's
        return "pair1" in name and "1" in cell["parameters"]["INITVAL_00"]

    def is_lane(name, _):
        return re.search(r"pair0\.multiplier0\.dsp", name)

    return {
        "a register that was not absorbed": changed(
            netlist,
            "DP16KD",
            lambda _, cell: cell["parameters"]["REGMODE_B"] == "OUTREG",
            parameter("REGMODE_B", "NOREG"),
        ),
        "a wrong constant of a multiplier": changed(
            netlist,
            "LUT4",
            lambda name, _: name.startswith("block.") and name.endswith("$constant1"),
            constant,
        ),
        "a wrong first carry": changed(
            netlist,
            "CCU2C",
            lambda name, _: "$constant" in name and "requantizer" in name,
            carry,
        ),
        "a wrong bit of a ROM": changed(netlist, "DP16KD", is_rom, contents),
        "an asserted reset": changed(netlist, "MULT18X18D", is_lane, reset),
        "a wrong enable": changed(
            netlist,
            "TRELLIS_FF",
            lambda name, cell: (
                "write_data" in name and cell["parameters"]["CEMUX"] in ("CE", "INV")
            ),
            enable,
        ),
    }


def with_faults(text: str, netlist: dict, chosen: list[tuple[str, dict]]) -> str:
    """The Verilog with a faulty cell beside each sound one; +fault=N chooses which one counts."""
    names = [n for n, c in netlist["modules"]["top"]["cells"].items() if c["type"][0] != "$"]
    wires = ["  reg [7:0] fault = 255;"]
    choices = ['  initial $value$plusargs("fault=%d", fault);']
    for number, (name, faulty) in enumerate(chosen):
        place = names.index(name)
        (line,) = re.findall(rf"^.* c{place}\(.*$", text, re.M)
        sound, other = (
            line,
            simulation._instance(place, faulty).replace(f" c{place}(", f" f{place}("),
        )
        for pin, bits in faulty["connections"].items():
            if faulty["port_directions"][pin] == "output":
                for bit in bits:
                    right, wrong = f"right{number}_{bit}", f"wrong{number}_{bit}"
                    wires.append(f"  wire {right}, {wrong};")
                    choices.append(f"  assign n{bit} = fault == {number} ? {wrong} : {right};")
                    sound = re.sub(rf"(\.{pin}\([^)]*\b)n{bit}\b", rf"\1{right}", sound)
                    other = re.sub(rf"(\.{pin}\([^)]*\b)n{bit}\b", rf"\1{wrong}", other)
        text = text.replace(line, f"{sound}\n{other}")
    text = text.replace(");\n", ");\n" + "\n".join(wires) + "\n", 1)
    return text.replace("endmodule", "\n".join([*choices, "endmodule"]), 1)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """The netlist of a small network, compiled with all faults in it; returns what `compare` takes
    and the faults' names."""
    folder = tmp_path_factory.mktemp("netlist")
    job = compiled(NETWORK, "4x4", 4)
    top = design(job, BOARD, None)
    synthesize(top, str(PIP.find("yosys").path), folder, lambda step, line: None)
    netlist = json.loads((folder / NETLIST).read_text())
    sources = simulation.sources(netlist, BOARD)
    found = faults(netlist)
    sources["board.v"] = with_faults(sources["board.v"], netlist, [*found.values()])
    with compilation(sources, folder) as finish:
        program = finish()
    return (program, top, job.network), [*found]


@pytest.mark.slow
def test_every_score_of_a_sound_netlist_equals_the_golden_model(simulated):
    arguments, _ = simulated
    assert simulation.compare(*arguments) == NETWORK.classes


@pytest.mark.slow
def test_a_lock_that_comes_too_early_changes_nothing(simulated):
    arguments, _ = simulated
    assert simulation.compare(*arguments, faults=["pll_false_lock"]) == NETWORK.classes


@pytest.mark.slow
def test_each_fault_is_found(simulated, monkeypatch):
    arguments, names = simulated
    monkeypatch.setattr(simulation, "SECONDS_TO_GIVE_UP", 120)
    for number, name in enumerate(names):
        with pytest.raises(FirelineError, match="the netlist, simulated"):
            simulation.compare(*arguments, faults=[f"fault={number}"])
            pytest.fail(name)


def test_parameters_and_pins_are_those_of_the_netlist():
    assert simulation._value("0011") == "4'b0011"
    assert simulation._value("1 ") == '"1"'
    assert (
        simulation._value("CE") == '"CE"' and simulation._value("LSR_OVER_CE ") == '"LSR_OVER_CE "'
    )
    assert simulation._nets([5, "x", "1"]) == "{1'b1, 1'bx, n5}"
    cell = {"type": "LUT4", "parameters": {"INIT": "10"}, "connections": {"A": [3], "Z": [4]}}
    assert simulation._instance(7, cell) == "  LUT4 #(.INIT(2'b10)) c7(.A(n3), .Z(n4));"


def test_a_netlist_without_a_serial_line_is_refused():
    netlist = {"modules": {"top": {"ports": {}, "cells": {}}}}
    with pytest.raises(FirelineError, match="has no pin clk25_0__io"):
        simulation.to_verilog(netlist, BOARD)


def test_a_frame_that_would_take_hours_is_refused():
    assert simulation.why_not(random_network(TINY, 0, 4), streamed=False) is None
    large = random_network(replace(TINY, height=224, width=224), 0, 4)
    assert "150,528 bytes would take hours" in simulation.why_not(large, streamed=False)
    assert "SDRAM" in simulation.why_not(random_network(TINY, 0, 4), streamed=True)


def test_the_first_wrong_score_is_named():
    simulation._equal([1, 2, 3], [1, 2, 3])
    with pytest.raises(ComparisonFailed, match=r"2 of 3 scores .* class 1 with 5 instead of 2"):
        simulation._equal([1, 5, 6], [1, 2, 3])
