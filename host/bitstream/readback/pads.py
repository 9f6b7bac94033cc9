"""The pads in a bitstream: direction, standard, pull-up and drive of each pin."""

import re

from ....errors import FirelineError
from ....hw.boards.board import Board
from ..floorplan import DIES
from .configuration import Configuration
from .trellis import pads

LOCATE = re.compile(r'LOCATE COMP "([^"]+)" SITE "([^"]+)";')
SETTINGS = re.compile(r'IOBUF PORT "([^"]+)" ([^;]*);')
DIRECTIONS = {"input": "INPUT", "output": "OUTPUT", "inout": "BIDIR"}

CHECKED = {"PULLMODE", "DRIVE", "OPENDRAIN", "SLEWRATE"}
"""Settings of a pin that are checked beside its standard."""

RECEIVERS = re.compile(r"uart_\d+__rx__io")
"""Pins that need a pull-up, because nobody may drive them."""


def check_pads(
    written: Configuration, found: Configuration, netlist: dict, pins: str, board: Board
) -> str:
    """Compares each pad with the pin constraints `pins`; says what it checked.

    The standard is read in nextpnr's text, because the database gives several standards, and
    standards with a drive, the same bits.

    Raises FirelineError if one differs, or if a serial line's input has no pull-up.
    """
    places = pads(board.device, board.package)
    settings = {
        name: dict(each.split("=", 1) for each in text.split())
        for name, text in SETTINGS.findall(pins)
    }
    sites = LOCATE.findall(pins)
    for name, pin in sites:
        wanted = {"PULLMODE": "NONE"} | settings.get(name, {})
        if RECEIVERS.fullmatch(name):
            wanted["PULLMODE"] = "UP"
        column, row, letter = places[pin]
        pad, logic = _places(column, row, letter, board)
        tiles = found.at(*pad)
        direction = DIRECTIONS[netlist["ports"][name.split("[")[0]]["direction"]]
        standard = f"{direction}_{wanted.get('IO_TYPE', 'LVCMOS33')}"
        line = f"enum: PIO{letter}.BASE_TYPE {standard}"
        for place in (pad, logic):
            if not any(line in written.lines.get(tile, ()) for tile in written.at(*place)):
                raise FirelineError(f"pin {pin} ({name}) is not set as {standard}")
        for setting in CHECKED & wanted.keys():
            values = found.choices(tiles, f"PIO{letter}.{setting}")
            if values != {wanted[setting]}:
                value = " or ".join(sorted(values)) or "not set"
                raise FirelineError(
                    f"{setting} of pin {pin} ({name}) is {value}, not {wanted[setting]}"
                )
    return f"{len(sites)} pads"


def _places(
    column: int, row: int, letter: str, board: Board
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Row and column of the tiles of a pad and of its logic, as nextpnr's get_pio_tile has them."""
    columns, _ = DIES[board.device]
    if column in (0, columns - 1):
        return (row + 1, column), (row if letter in "AB" else row + 2, column)
    column += letter == "B"
    return (row, column), (row or 1, column)
