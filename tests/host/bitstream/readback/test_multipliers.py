"""Multipliers in a configuration as nextpnr writes it, with faults put in."""

import pytest
from fireline.errors import FirelineError
from fireline.host.bitstream.readback.configuration import Configuration
from fireline.host.bitstream.readback.multipliers import check_multipliers
from fireline.host.bitstream.sites import PLACED

REGISTERS = ("INPUTA", "INPUTB", "PIPELINE", "OUTPUT")
ROUTING = """\
.tile CIB_R13C6:CIB_DSP
arc: JCE1 H00L0000

.tile CIB_R13C11:CIB_DSP
arc: JCE1 H00L0000

.tile CIB_R13C9:CIB_DSP
arc: JLSR1 V00B0000

"""
"""Switches that drive CE3 of both slices of the DSP block at column 4, and RST3 of the block."""


def group(half: int) -> str:
    """The settings of one multiplier of that block."""
    first = half // 4 * 4
    tiles = [
        f"MIB_R13C{4 + n}:{kind}_DSP{n}"
        for n in range(first, first + 5)
        for kind in ("MIB", "MIB2")
    ]
    name = f"MULT18_{half}"
    lines = [f"enum: {name}.MODE MULT18X18D"]
    for register in REGISTERS:
        lines.append(f"enum: {name}.REG_{register}_CLK CLK0")
        if register != "OUTPUT":
            lines.append(f"enum: {name}.REG_{register}_CE CE3")
        if register != "OUTPUT" or half in (0, 4):
            lines.append(f"enum: {name}.REG_{register}_RST RST3")
    lines += [f"enum: {name}.{pin}{n}MUX {pin}{n}" for pin in ("CE", "RST") for n in range(4)]
    return "\n".join([f".tile_group {' '.join(tiles)}", *lines, "", ""])


def netlist(*halves: int, placed: bool = True) -> dict:
    cells = {
        f"multiplier{half}": {
            "type": "MULT18X18D",
            "parameters": {f"REG_{register}_CLK": "CLK0" for register in REGISTERS},
            "attributes": {"BEL": f"X{4 + half}/Y13/MULT18_{half}"}
            | ({PLACED: "1"} if placed else {}),
        }
        for half in halves
    }
    return {"cells": cells}


def check(folder, text: str, netlist: dict) -> str:
    (folder / "written.config").write_text(text)
    written = Configuration.read(folder / "written.config")
    return check_multipliers(written, written, netlist)


def fault(folder, text: str, netlist: dict) -> str:
    with pytest.raises(FirelineError) as error:
        check(folder, text, netlist)
    return str(error.value)


@pytest.mark.parametrize("halves", [(0,), (4,), (0, 1), (4, 5), (0, 1, 4, 5), (0, 4, 5)])
def test_whole_slices_and_even_halves_are_accepted(halves, tmp_path):
    text = ROUTING + "".join(map(group, halves))
    assert check(tmp_path, text, netlist(*halves)) == f"{len(halves)} multipliers"


@pytest.mark.parametrize("halves", [(1,), (5,), (0, 5), (1, 4)])
def test_an_odd_half_alone_is_named(halves, tmp_path):
    text = ROUTING + "".join(map(group, halves))
    assert "without the even half" in fault(tmp_path, text, netlist(*halves))
    assert check(tmp_path, text, netlist(*halves, placed=False)) == f"{len(halves)} multipliers"


@pytest.mark.parametrize("half", [0, 1, 4, 5])
@pytest.mark.parametrize(
    "setting, value, instead",
    [
        ("REG_INPUTA_RST", "RST3", "RST0"),
        ("REG_INPUTB_RST", "RST3", "RST1"),
        ("REG_PIPELINE_RST", "RST3", "RST2"),
        ("REG_INPUTA_CE", "CE3", "CE0"),
        ("REG_INPUTB_CE", "CE3", "CE1"),
        ("REG_PIPELINE_CE", "CE3", "CE2"),
    ],
)
def test_another_reset_or_enable_is_named(half, setting, value, instead, tmp_path):
    text = ROUTING + "".join(map(group, (0, 1, 4, 5)))
    name = f"enum: MULT18_{half}.{setting}"
    text = text.replace(f"{name} {value}", f"{name} {instead}")
    said = fault(tmp_path, text, netlist(0, 1, 4, 5))
    assert f"MULT18_{half} (multiplier{half}): {setting} is {instead}, not {value}" in said


def test_another_reset_of_the_output_is_named(tmp_path):
    text = ROUTING + group(0).replace("REG_OUTPUT_RST RST3", "REG_OUTPUT_RST RST0")
    assert "REG_OUTPUT_RST is RST0, not RST3" in fault(tmp_path, text, netlist(0))


def test_an_inverted_reset_is_named(tmp_path):
    text = ROUTING + group(0).replace("RST3MUX RST3", "RST3MUX INV")
    assert "RST3MUX is INV, not RST3" in fault(tmp_path, text, netlist(0))


@pytest.mark.parametrize("switch, control", [("JCE1 H00L0000", "CE3"), ("JLSR1 V00B0000", "RST3")])
def test_a_control_that_nothing_drives_is_named(switch, control, tmp_path):
    text = ROUTING.replace(f"arc: {switch}\n", "") + group(0) + group(1)
    assert f"nothing drives its {control}" in fault(tmp_path, text, netlist(0, 1))


def test_a_multiplier_in_another_place_is_named(tmp_path):
    said = fault(tmp_path, ROUTING + group(0) + group(1), netlist(0))
    assert "not where they should be: X5/Y13/MULT18_1" in said


def test_registers_that_are_not_in_use_need_nothing(tmp_path):
    lone = netlist(0)
    lone["cells"]["multiplier0"]["parameters"] = {}
    text = group(0).replace("CE3", "CE0").replace("RST3", "RST0")
    assert check(tmp_path, text, lone) == "1 multipliers"
