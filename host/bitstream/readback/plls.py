"""The PLLs and clock gates in a bitstream."""

from ....errors import FirelineError
from ....hw.boards.board import Board
from ....hw.ecp5.pll import DETECTOR_MHZ, VCO_MHZ
from .configuration import Configuration

OUTPUTS = ("CLKOP", "CLKOS", "CLKOS2", "CLKOS3")
NUMBERS = ("_DIV", "_CPHASE", "_FPHASE")
CHOICES = ("_ENABLE", "FEEDBK_PATH", "PLLRST_ENA", "DPHASE_SOURCE", "INT_LOCK_STICKY")
SAME = 1e-3
"""Relative difference of two clocks that are meant to be the same."""


def check_plls(
    written: Configuration, found: Configuration, netlist: dict, board: Board, clock_mhz: float
) -> str:
    """Compares the fields of each PLL with its cell, and works out its clocks; says what it
    checked.

    Raises FirelineError if a field differs, if a frequency is outside of its limits, if a clock is
    not the one that the cell names, or if no PLL makes `clock_mhz`.
    """
    cells = {n: cell for n, cell in netlist["cells"].items() if cell["type"] == "EHXPLLL"}
    places = [tiles for tiles, lines in written.groups if "enum: MODE EHXPLLL" in lines]
    clocks = []
    for name, cell in cells.items():
        faults = {tiles: _difference(found, tiles, cell) for tiles in places}
        own = next((tiles for tiles, fault in faults.items() if not fault), None)
        if own is None:
            fault = min(faults.values(), key=len, default="there is none")
            raise FirelineError(f"no PLL is set as {name}: {fault}")
        places.remove(own)
        clocks += _clocks(found, own, name, cell, board)
    if cells and not any(abs(clock / clock_mhz - 1) < SAME for clock in clocks):
        made = ", ".join(f"{clock:g}" for clock in clocks)
        raise FirelineError(f"no PLL makes {clock_mhz:g} MHz: they make {made} MHz")
    gates = sum(
        cell["type"] == "DCCA" and "CE" in cell["connections"] for cell in netlist["cells"].values()
    )
    in_use = sum(
        "DCCA" in found.choices(tiles, line.split()[1])
        for tiles, lines in written.groups
        for line in lines
        if line.startswith("enum: DCC_")
    )
    if gates != in_use:
        raise FirelineError(f"{in_use} clock gates are on, not {gates}")
    return f"{len(cells)} PLLs, {gates} clock gates"


def _difference(found: Configuration, tiles: tuple[str, ...], cell: dict) -> str:
    """The first field of a PLL that is not as its cell says; empty if all are."""
    for field, text in cell["parameters"].items():
        if field.endswith(NUMBERS):
            value = int(text, 2)
            is_set = found.number(tiles, field) + field.endswith("_DIV")
            if is_set != value:
                return f"{field} is {is_set}, not {value}"
        elif field.endswith(CHOICES):
            values = found.choices(tiles, field)
            if text not in values:
                return f"{field} is {' or '.join(sorted(values))}, not {text}"
    return ""


def _clocks(
    found: Configuration, tiles: tuple[str, ...], name: str, cell: dict, board: Board
) -> list[float]:
    """The clocks in MHz of the outputs in use, from the fields in the bitstream."""
    pins = cell["connections"]
    used = [output for output in OUTPUTS if pins.get(output)]
    back = [output for output in used if pins[output] == pins.get("CLKFB")]
    if not back:
        raise FirelineError(f"{name} is not fed back from one of its outputs")
    divider = {output: 1 + found.number(tiles, f"{output}_DIV") for output in used}
    detector = board.oscillator_mhz / (1 + found.number(tiles, "CLKI_DIV"))
    vco = detector * (1 + found.number(tiles, "CLKFB_DIV")) * divider[back[0]]
    for what, value, (low, high) in (
        ("phase detector", detector, DETECTOR_MHZ),
        ("VCO", vco, VCO_MHZ),
    ):
        if not low <= value * (1 + SAME) or not value <= high * (1 + SAME):
            raise FirelineError(
                f"the {what} of {name} runs at {value:g} MHz: it needs {low:g} to {high:g} MHz"
            )
    clocks = {output: vco / divider[output] for output in used}
    for output, clock in clocks.items():
        named = cell["attributes"].get(f"FREQUENCY_PIN_{output}")
        if named and abs(clock / float(named) - 1) > SAME:
            raise FirelineError(f"{output} of {name} makes {clock:g} MHz, not {named.strip()} MHz")
    return list(clocks.values())
