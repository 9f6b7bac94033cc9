"""Changes to a netlist between synthesis and place and route."""

from collections import defaultdict
from itertools import count

PLAIN_REGISTER = {"CLKMUX": "CLK", "REGSET": "RESET", "GSR": "DISABLED"}
BOTH_SIDES = 36
"""Width at which a block RAM reads through the data pins of both sides, on side B's clock."""

CONTROLS = ("CE", "RST", "SIGNED", "SOURCE")
"""Prefixes of a MULT18X18D's pins that nextpnr cannot tie to a constant without a wire."""


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


def make_constants_near(netlist: dict) -> None:
    """Gives each multiplier and each carry chain a cell of its own for the constants it needs.

    nextpnr drives a constant from one place and routes it across the die to each pin that it cannot
    tie. With many such pins router1 may not terminate, because a conflict with a net of hundreds of
    pins makes it reroute all of them. A multiplier gets a LUT for each constant. A carry chain gets
    a CCU2C that generates its first carry, instead of the one that nextpnr inserts to bring the
    constant in. `netlist` is the top module of Yosys' JSON, changed in place.
    """
    cells, near = netlist["cells"], {}
    makers = {"MULT18X18D": (CONTROLS, _constant_lut), "CCU2C": (("CIN",), _first_carry)}
    wires = (bit for cell in cells.values() for pin in cell["connections"].values() for bit in pin)
    free = count(1 + max((bit for bit in wires if isinstance(bit, int)), default=0))
    for name, cell in cells.items():
        if cell["type"] not in makers:
            continue
        begin, make = makers[cell["type"]]
        pins = cell["connections"]
        for value in "01":
            tied = [pin for pin in pins if pin.startswith(begin) and pins[pin] == [value]]
            if tied:
                bit = next(free)
                near[f"{name}$constant{value}"] = make(value, bit)
                pins |= {pin: [bit] for pin in tied}
    cells |= near


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
