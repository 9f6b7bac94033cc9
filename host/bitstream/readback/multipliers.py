"""The multipliers in a bitstream."""

import re

from ....errors import FirelineError
from ..sites import PLACED
from .configuration import Configuration, place_of

MODE = re.compile(r"enum: (MULT18_(\d))\.MODE MULT18X18D")
CONTROLS = ("CE3", "RST3")
"""The enable and the reset that each register uses."""

REGISTERS, OUTPUT = ("INPUTA", "INPUTB", "PIPELINE"), "OUTPUT"
"""The registers with both settings, and the output's, which has a reset in the even half only."""

EVEN, ODD = "04", "15"
"""Last digits of the halves of a slice."""


def check_multipliers(written: Configuration, found: Configuration, netlist: dict) -> str:
    """Checks that each multiplier of the netlist stands where it should, that its registers use CE3
    and RST3, that both are driven, and that no odd half of a slice stands alone; says what it
    checked.

    nextpnr drives both with constants, which `refuse_driven_controls` has seen in the netlist. A
    reset that nothing drives is asserted. Multipliers whose site the design itself chose are free
    to be otherwise.

    Raises FirelineError if a multiplier is not so.
    """
    wanted = {
        cell["attributes"]["BEL"]: (name, cell)
        for name, cell in netlist["cells"].items()
        if cell["type"] == "MULT18X18D"
    }
    sites: dict[str, tuple[tuple[str, ...], str]] = {}
    for tiles, lines in written.groups:
        for match in filter(None, map(MODE.fullmatch, lines)):
            row, column = place_of(tiles[0])
            half = int(match[2])
            sites[f"X{column + half % 2}/Y{row}/MULT18_{half}"] = tiles, match[1]
    if set(sites) != set(wanted):
        odd = ", ".join(sorted(set(sites) ^ set(wanted)))
        raise FirelineError(f"the multipliers are not where they should be: {odd}")
    for site, (name, cell) in wanted.items():
        if PLACED in cell["attributes"]:
            fault = _fault(found, *sites[site], cell["parameters"])
            if site[-1] in ODD and _even(site) not in sites:
                fault = "it stands without the even half of its slice"
            if fault:
                raise FirelineError(f"multiplier {site} ({name}): {fault}")
    return f"{len(sites)} multipliers"


def _fault(found: Configuration, tiles: tuple[str, ...], multiplier: str, parameters: dict) -> str:
    """What is wrong with the registers in use of a multiplier; empty if nothing is."""
    enable, reset = CONTROLS
    wanted: dict[str, str] = {}
    for register in (*REGISTERS, OUTPUT):
        if parameters.get(f"REG_{register}_CLK", "NONE") != "NONE":
            wanted |= {f"{control}MUX": control for control in CONTROLS}
            if register != OUTPUT:
                wanted |= {f"REG_{register}_CE": enable, f"REG_{register}_RST": reset}
            elif multiplier[-1] in EVEN:
                wanted["REG_OUTPUT_RST"] = reset
    for name, value in wanted.items():
        values = found.choices(tiles, f"{multiplier}.{name}")
        if values != {value}:
            return f"{name} is {' or '.join(sorted(values)) or 'not set'}, not {value}"
    for control in CONTROLS if wanted else ():
        if not found.is_driven(tiles, f"J{control}_MULT18"):
            return f"nothing drives its {control}"
    return ""


def _even(site: str) -> str:
    """The even half beside an odd one."""
    column, rest = site[1:].split("/", 1)
    return f"X{int(column) - 1}/{rest[:-1]}{int(site[-1]) - 1}"
