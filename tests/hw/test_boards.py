"""The boards' tables against the tools' own, and the top on each board."""

from dataclasses import replace

import pytest
from fireline.errors import FirelineError
from fireline.hw.boards import BOARDS, find_board
from fireline.hw.boards.top import BoardTop
from fireline.hw.link.protocol import Identity
from fireline.hw.sdram.contents import SdramContents
from support.stub_core import StubCore

IDENTITY = Identity(network=5, width=32, height=32, channels=3, classes=10)


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_top_elaborates_with_every_pin_placed(board):
    platform = board.platform()
    top = BoardTop(board, StubCore(IDENTITY), IDENTITY)
    plan = platform.prepare(top, "top", emit_src=False)
    constraints = plan.files["top.lpf"]
    assert platform.device == board.device and platform.speed == board.speed_grade
    assert platform.default_clk_frequency == board.oscillator_mhz * 1e6
    for pin in ("M1", "L4", "G2"):
        assert f'SITE "{pin}"' in constraints
    assert top.clock_mhz <= board.clock_mhz


def test_top_with_streamed_weights_uses_the_sdram():
    board = find_board("ulx3s-85f")
    identity = replace(IDENTITY, weight_bytes=160)
    top = BoardTop(board, StubCore(identity), identity, contents=SdramContents(2, 40, 0))
    plan = board.platform().prepare(top, "top", emit_src=False)
    for pin in ("F19", "T20", "G19", "J16", "J17"):
        assert f'SITE "{pin}"' in plan.files["top.lpf"]
    netlist = plan.files["top.il"]
    assert netlist.count("cell \\IFS1P3DX") == 16 and netlist.count("cell \\ODDRX1F") == 1
    plain = board.platform().prepare(BoardTop(board, StubCore(IDENTITY), IDENTITY), "top")
    assert "CLKOS" not in plain.files["top.il"] and 'SITE "F19"' not in plain.files["top.lpf"]


def test_nothing_hangs_on_a_reset():
    """The clock is held until it is steady; so a reset would only be one more long wire."""
    board = find_board("ulx3s-25f")
    plan = board.platform().prepare(BoardTop(board, StubCore(IDENTITY), IDENTITY), "top")
    netlist = plan.files["top.il"]
    assert "rst" not in netlist and "cell \\DCCA" in netlist


def test_each_array_suits_its_board():
    for board in BOARDS.values():
        assert board.array.products <= 2 * board.multipliers + board.luts // 80


def test_clock_can_be_chosen():
    top = BoardTop(find_board("ulx3s-25f"), StubCore(IDENTITY), IDENTITY, clock_mhz=60.5)
    assert top.clock_mhz == 60.0
    assert top.system.divisor == 30
    find_board("ulx3s-25f").platform().prepare(top, "top")


def test_unknown_board_is_refused_in_one_line():
    with pytest.raises(FirelineError, match="no board 'ulx3s-99f'") as error:
        find_board("ulx3s-99f")
    assert "\n" not in str(error.value)
