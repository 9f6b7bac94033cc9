"""A port for text: bytes as they are, and one plain error when it goes away."""

import contextlib
import os
import pty
import tty

import pytest
from fireline.errors import FirelineError
from fireline.host.link.text_port import TextPort


@pytest.fixture
def ends():
    controller, terminal = pty.openpty()
    tty.setraw(terminal)
    yield controller, os.ttyname(terminal)
    for end in (controller, terminal):
        with contextlib.suppress(OSError):
            os.close(end)


def test_bytes_go_both_ways(ends):
    controller, name = ends
    with TextPort(name, 1_000_000) as port:
        os.write(controller, b"\x00text\xff")
        arrived = b""
        while len(arrived) < 6:
            arrived += port.read(1.0)
        assert arrived == b"\x00text\xff"
        assert port.read(0.01) == b""
        port.write(b"2")
        assert os.read(controller, 10) == b"2"


def test_what_came_before_the_port_is_opened_is_dropped(ends):
    controller, name = ends
    os.write(controller, b"old")
    with TextPort(name, 1_000_000) as port:
        assert port.read(0.05) == b""


def test_what_came_before_a_change_of_the_rate_is_dropped(ends):
    controller, name = ends
    with TextPort(name, 1_000_000) as port:
        os.write(controller, b"old")
        assert port.read(1.0)
        os.write(controller, b"old")
        port.set_baud(2_000_000)
        assert port.read(0.05) == b""


def test_a_port_that_goes_away(ends):
    controller, name = ends
    with TextPort(name, 1_000_000) as port:
        os.close(controller)
        with pytest.raises(FirelineError, match="went away"):
            port.read(1.0)


def test_a_port_that_is_not_there():
    with pytest.raises(FirelineError, match="no such port"):
        TextPort("/dev/ttyNone", 1_000_000)
