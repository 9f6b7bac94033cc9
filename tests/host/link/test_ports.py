"""The serial port of a board: none, one, several, and other devices."""

from types import SimpleNamespace

import pytest
from fireline.errors import FirelineError
from fireline.host.link.ports import find_port
from fireline.hw.boards import BOARDS

BOARD = BOARDS["ulx3s-85f"]


def port(device: str, vid: int | None = 0x0403, pid: int | None = 0x6015) -> SimpleNamespace:
    """A port as pyserial lists it."""
    return SimpleNamespace(device=device, vid=vid, pid=pid)


OTHERS = [port("/dev/ttyS0", None, None), port("/dev/ttyACM0", 0x2341, 0x0043)]


def test_the_boards_port_is_found_among_others():
    assert find_port(BOARD, [*OTHERS, port("/dev/ttyUSB3")]) == "/dev/ttyUSB3"


def test_no_board():
    with pytest.raises(FirelineError, match=r"ulx3s-85f .*0403:6015.*fireline doctor"):
        find_port(BOARD, OTHERS)


def test_several_boards():
    several = [port("/dev/ttyUSB4"), port("/dev/ttyUSB3")]
    with pytest.raises(FirelineError, match=r"/dev/ttyUSB3, /dev/ttyUSB4 .* --port"):
        find_port(BOARD, several)


def test_this_computers_ports_are_the_default(monkeypatch):
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [*OTHERS, port("/dev/ttyUSB9")])
    assert find_port(BOARD) == "/dev/ttyUSB9"
