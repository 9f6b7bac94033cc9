"""The ULX3S' table against its Amaranth platform, and the design's top on each size."""

import re
from dataclasses import replace

import pytest
from fireline.hw.boards.top import BoardTop
from fireline.hw.boards.ulx3s import BOARDS
from fireline.hw.link.protocol import Identity
from fireline.hw.sdram.contents import SdramContents
from support.boards.stub_core import StubCore

IDENTITY = Identity(network=5, width=32, height=32, channels=3, classes=10)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_top_elaborates_with_every_pin_placed(board):
    platform = board.make_platform()
    top = BoardTop(board, StubCore(IDENTITY), IDENTITY)
    plan = platform.prepare(top, "top", emit_src=False)
    constraints = plan.files["top.lpf"]
    assert platform.device == board.device and platform.speed == board.speed_grade
    assert platform.default_clk_frequency == board.oscillator_mhz * 1e6
    for pin in ("M1", "L4", "G2"):
        assert f'SITE "{pin}"' in constraints
    assert top.clock_mhz <= board.clock_mhz


def test_top_with_streamed_weights_uses_the_sdram():
    board = BOARDS[-1]
    identity = replace(IDENTITY, weight_bytes=160)
    top = BoardTop(board, StubCore(identity), identity, contents=SdramContents(2, 40, 0))
    plan = board.make_platform().prepare(top, "top", emit_src=False)
    for pin in ("F19", "T20", "G19", "J16", "J17"):
        assert f'SITE "{pin}"' in plan.files["top.lpf"]
    netlist = plan.files["top.il"]
    assert netlist.count("cell \\IFS1P3DX") == 16 and netlist.count("cell \\ODDRX1F") == 1
    assert "CLKOS2" in netlist
    plain = board.make_platform().prepare(BoardTop(board, StubCore(IDENTITY), IDENTITY), "top")
    assert "CLKOS2" not in plain.files["top.il"] and 'SITE "F19"' not in plain.files["top.lpf"]


def test_the_esp32_sees_its_boot_pin_high_and_the_line_idles():
    """On every version of the board, and without a fight if the ESP32 drives the other pin."""
    board = BOARDS[0]
    plan = board.make_platform().prepare(BoardTop(board, StubCore(IDENTITY), IDENTITY), "top")
    constraints = plan.files["top.lpf"]
    for pin, attributes in (
        ("L2", {"PULLMODE=UP", "OPENDRAIN=ON"}),
        ("F1", {"PULLMODE=UP", "OPENDRAIN=ON"}),
        ("M1", {"PULLMODE=UP"}),
    ):
        port = re.search(rf'LOCATE COMP "([^"]+)" SITE "{pin}"', constraints)[1]
        line = re.search(rf'IOBUF PORT "{re.escape(port)}"([^;]*)', constraints)[1]
        assert attributes <= set(line.split()), line
    assert "OPENDRAIN" not in re.search(r'IOBUF PORT "uart_0__tx[^;]*', constraints)[0]
