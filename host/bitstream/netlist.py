"""Changes to a netlist between synthesis and place and route, and what it must not contain."""

import re
from collections import defaultdict
from itertools import count

from ...errors import FirelineError

PLAIN_REGISTER = {"CLKMUX": "CLK", "REGSET": "RESET", "GSR": "DISABLED"}
BOTH_SIDES = 36
"""Width at which a block RAM reads through the data pins of both sides, on side B's clock."""

CONTROLS = ("CE", "RST", "SIGNED", "SOURCE")
"""Prefixes of a MULT18X18D's pins that nextpnr cannot tie to a constant without a wire."""

SITE = re.compile(r"X(\d+)/Y(\d+)/MULT18_(\d)")


def refuse_driven_controls(netlist: dict) -> None:
    """Raises FirelineError if logic resets a block RAM, or holds a multiplier's register.

    Both work in simulation and not on the chip: a DP16KD whose RST is driven by logic has failed
    other projects, and a multiplier's register whose reset is not a constant 0, or whose enable is
    not a constant 1, gives a product that stays 0. `netlist` is the top module of Yosys' JSON.
    """
    for name, cell in netlist["cells"].items():
        wanted = {}
        if cell["type"] == "DP16KD":
            wanted = {"RSTA": "0", "RSTB": "0"}
        elif cell["type"] == "MULT18X18D":
            for key, pin in cell["parameters"].items():
                register, _, control = key.rpartition("_")
                used = cell["parameters"].get(f"{register}_CLK", "NONE") != "NONE"
                if used and control in ("CE", "RST"):
                    wanted[pin] = "1" if control == "CE" else "0"
        for pin, value in wanted.items():
            if cell["connections"].get(pin) != [value]:
                raise FirelineError(
                    f"pin {pin} of {name} ({cell['type']}) is not a constant {value}, which does "
                    f"not work on the chip: this is a defect of Fireline, please report it"
                )


def absorb_output_registers(netlist: dict) -> int:
    """Moves registers behind block RAMs into the block RAMs, where their path is half as long.

    A DP16KD has an output register at each read port, which Yosys leaves unused. A port qualifies
    if each bit of its data goes to exactly one register, without enable or reset, on the port's
    clock. `netlist` is the top module of Yosys' JSON, changed in place. Returns the number of ports
    whose register is now in use.
    """
    cells, readers = netlist["cells"], _readers(netlist)
    moved = 0
    for ram in [cell for cell in cells.values() if cell["type"] == "DP16KD"]:
        pins, parameters = ram["connections"], ram["parameters"]
        wide = int(parameters["DATA_WIDTH_B"], 2) == BOTH_SIDES
        for sides in ("AB",) if wide else ("A", "B"):
            clock = pins[f"CLK{sides[-1]}"]
            used = {
                name: readers[bit]
                for name, (bit, *_) in pins.items()
                if name.startswith(tuple(f"DO{side}" for side in sides)) and readers[bit]
            }
            if not used or not all(_plain(cells, users, clock) for users in used.values()):
                continue
            for name, ((register, _),) in used.items():
                pins[name] = cells.pop(register)["connections"]["Q"]
            for side in sides:
                parameters[f"REGMODE_{side}"] = "OUTREG"
                pins[f"CLK{side}"], pins[f"OCE{side}"] = clock, ["1"]
            moved += 1
    return moved


def release_pads_at_start(netlist: dict) -> None:
    """Presets the output enable register of each bidirectional pad, so that it drives nothing.

    The pad drives while the register is 0, which Amaranth's registers are until the first edge of
    their clock. The core's clock is held until the PLL is steady, and another chip may drive the
    pin. `netlist` is the top module of Yosys' JSON, changed in place.
    """
    pads = [
        cell["connections"] for cell in netlist["cells"].values() if cell["type"] == "TRELLIS_IO"
    ]
    enables = {pad["T"][0] for pad in pads if "T" in pad}
    for cell in netlist["cells"].values():
        pins = cell["connections"]
        is_pad_register = "syn_useioff" in cell["attributes"] and pins["Q"][0] in enables
        if is_pad_register and isinstance(pins["DI"][0], int):
            cell["parameters"]["REGSET"] = "SET"


def make_constants_near(netlist: dict) -> None:
    """Gives each DSP block and each carry chain a cell of its own for the constants it needs.

    nextpnr drives a constant from one place and routes it across the die to each pin that it cannot
    tie. With many such pins router1 may not terminate, because a conflict with a net of hundreds of
    pins makes it reroute all of them. A DSP block, two slices side by side, gets a LUT for each
    constant. Its multipliers share them, because the block has one wire for each enable and each
    reset: nextpnr moves a second wire to another one, so that not all registers use the same. A
    carry chain gets a CCU2C that generates its first carry, instead of the one that nextpnr inserts
    to bring the constant in.

    `netlist` is the top module of Yosys' JSON, changed in place; its multipliers have sites.
    """
    cells = netlist["cells"]
    near: dict[str, dict] = {}
    makers = {"MULT18X18D": (CONTROLS, _constant_lut), "CCU2C": (("CIN",), _first_carry)}
    wires = (bit for cell in cells.values() for pin in cell["connections"].values() for bit in pin)
    free = count(1 + max((bit for bit in wires if isinstance(bit, int)), default=0))
    bits: dict[str, int] = {}
    for name, cell in cells.items():
        if cell["type"] not in makers:
            continue
        begin, make = makers[cell["type"]]
        pins = cell["connections"]
        for value in "01":
            tied = [pin for pin in pins if pin.startswith(begin) and pins[pin] == [value]]
            if tied:
                maker = f"{_block(name, cell)}$constant{value}"
                if maker not in near:
                    bits[maker] = next(free)
                    near[maker] = make(value, bits[maker])
                pins |= {pin: [bits[maker]] for pin in tied}
    cells |= near


def _block(name: str, cell: dict) -> str:
    """The name of a multiplier's DSP block; of another cell, its own."""
    site = SITE.fullmatch(cell["attributes"].get("BEL", ""))
    if not site:
        return name
    column, row, half = map(int, site.groups())
    return f"block.X{column - half}/Y{row}"


def _constant_lut(value: str, bit: int) -> dict:
    return _cell("LUT4", {"INIT": value * 16}, {pin: ["0"] for pin in "ABCD"}, {"Z": [bit]})


def _first_carry(value: str, bit: int) -> dict:
    """LUT 0 generates the carry `value`; LUT 1 propagates it."""
    inputs = {f"{pin}{half}": ["1"] for half in range(2) for pin in "ABCD"} | {"CIN": ["x"]}
    tables = {"INIT0": "0" * 12 + value * 4, "INIT1": "1" * 16}
    return _cell("CCU2C", tables | {"INJECT1_0": "NO", "INJECT1_1": "NO"}, inputs, {"COUT": [bit]})


def _cell(kind: str, parameters: dict, inputs: dict, outputs: dict) -> dict:
    return {
        "type": kind,
        "parameters": parameters,
        "attributes": {},
        "port_directions": dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output"),
        "connections": inputs | outputs,
    }


def _readers(netlist: dict) -> dict[int, list[tuple[str, str]]]:
    """The pins that read each bit, as cell and pin; ("", "") for an output of the module."""
    readers = defaultdict(list)
    for name, cell in netlist["cells"].items():
        for pin, bits in cell["connections"].items():
            if cell["port_directions"][pin] == "input":
                for bit in bits:
                    readers[bit].append((name, pin))
    for port in netlist["ports"].values():
        for bit in port["bits"]:
            readers[bit].append(("", ""))
    return readers


def _plain(cells: dict, users: list[tuple[str, str]], clock: list) -> bool:
    """Whether a bit's only reader is a register without enable or reset, on that clock."""
    if len(users) != 1 or users[0][1] != "DI":
        return False
    register = cells[users[0][0]]
    pins, parameters = register["connections"], register["parameters"]
    return (
        register["type"] == "TRELLIS_FF"
        and all(parameters.get(name) == value for name, value in PLAIN_REGISTER.items())
        and parameters.get("CEMUX", "1").strip() == "1"
        and pins["CLK"] == clock
        and pins.get("LSR", ["0"]) == ["0"]
    )
