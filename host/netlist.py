"""What is done to a netlist between synthesis and place and route."""

from collections import defaultdict

PLAIN_REGISTER = {"CLKMUX": "CLK", "REGSET": "RESET", "GSR": "DISABLED"}
BOTH_SIDES = 36
"""Width at which a block RAM reads with the data pins of both sides, on the clock of side B."""


def absorb_output_registers(netlist: dict) -> int:
    """Moves registers behind block RAMs into these, which halves what a clock cycle must hold.

    A DP16KD has a register at each read port, which Yosys leaves unused. It is used when all that
    the port's data go to are registers without enable or reset, one for each bit, on the port's
    clock. `netlist` is the top module of Yosys' JSON, changed in place; returns how many ports now
    have their register.
    """
    cells, readers = netlist["cells"], _readers(netlist)
    count = 0
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
            count += 1
    return count


def _readers(netlist: dict) -> dict[int, list[tuple[str, str]]]:
    """Which pins of which cells each bit goes to; an output of the module has no names."""
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
    """Whether a bit goes to a plain register on that clock, and nowhere else."""
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
