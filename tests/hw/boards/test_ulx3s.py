"""The ULX3S' table against its Amaranth platform, and the design's top on each size."""

from dataclasses import replace

import pytest
from fireline.hw.boards.top import BoardTop
from fireline.hw.boards.ulx3s import BOARDS
from fireline.hw.link.protocol import Identity
from fireline.hw.sdram.contents import SdramContents
from support.stub_core import StubCore

IDENTITY = Identity(network=5, width=32, height=32, channels=3, classes=10)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
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
    board = BOARDS[-1]
    identity = replace(IDENTITY, weight_bytes=160)
    top = BoardTop(board, StubCore(identity), identity, contents=SdramContents(2, 40, 0))
    plan = board.platform().prepare(top, "top", emit_src=False)
    for pin in ("F19", "T20", "G19", "J16", "J17"):
        assert f'SITE "{pin}"' in plan.files["top.lpf"]
    netlist = plan.files["top.il"]
    assert netlist.count("cell \\IFS1P3DX") == 16 and netlist.count("cell \\ODDRX1F") == 1
    plain = board.platform().prepare(BoardTop(board, StubCore(IDENTITY), IDENTITY), "top")
    assert "CLKOS" not in plain.files["top.il"] and 'SITE "F19"' not in plain.files["top.lpf"]
