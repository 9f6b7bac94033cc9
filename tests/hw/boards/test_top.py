"""The top's clock, and what it does without: a reset."""

from fireline.hw.boards import find_board
from fireline.hw.boards.top import BoardTop
from fireline.hw.link.protocol import Identity
from support.boards.stub_core import StubCore

IDENTITY = Identity(network=5, width=32, height=32, channels=3, classes=10)


def test_nothing_depends_on_a_reset():
    """The clock is held until the PLL has locked, so a reset would only add a long wire."""
    board = find_board("ulx3s-25f")
    plan = board.make_platform().prepare(BoardTop(board, StubCore(IDENTITY), IDENTITY), "top")
    netlist = plan.files["top.il"]
    assert "rst" not in netlist and "cell \\DCCA" in netlist


def test_clock_can_be_chosen():
    top = BoardTop(find_board("ulx3s-25f"), StubCore(IDENTITY), IDENTITY, clock_mhz=60.2)
    assert top.clock_mhz == 60.0
    assert top.system.divisor == 30
    find_board("ulx3s-25f").make_platform().prepare(top, "top")
