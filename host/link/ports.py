"""Finds the serial port of a board that is plugged in."""

from collections.abc import Iterable
from typing import Any

from serial.tools import list_ports

from ...errors import FirelineError
from ...hw.boards.board import Board


def find_port(board: Board, ports: Iterable[Any] | None = None) -> str:
    """The name of the serial port of the board that is plugged in, such as /dev/ttyUSB0.

    A board is known by its USB chip, so another device with the same chip looks like one. `ports`
    are pyserial's `ListPortInfo`s, by default those of this computer. Raises FirelineError if no
    board is there, or several.
    """
    found = sorted(
        port.device
        for port in (list_ports.comports() if ports is None else ports)
        if port.vid is not None and f"{port.vid:04x}:{port.pid:04x}" == board.usb_id
    )
    if not found:
        raise FirelineError(
            f"no serial port of a {board.name} is there (USB {board.usb_id}): plug the board in; "
            "`fireline doctor` shows what this computer sees"
        )
    if len(found) > 1:
        raise FirelineError(
            f"the serial ports {', '.join(found)} may each be a {board.name}: name one with --port"
        )
    return found[0]
