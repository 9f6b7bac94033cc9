"""The Icepi Zero's table against its Amaranth platform, and the design's top on it."""

from dataclasses import replace

from fireline.hw.boards.icepi_zero import BOARDS
from fireline.hw.boards.top import BoardTop
from fireline.hw.ecp5.pll import pll_settings
from fireline.hw.link.protocol import Identity
from fireline.hw.sdram.contents import SdramContents
from fireline.hw.selftest.plan import SelfTestPlan
from fireline.hw.selftest.top import SelfTestTop
from support.boards.stub_core import StubCore

(BOARD,) = BOARDS
IDENTITY = Identity(network=5, width=32, height=32, channels=3, classes=10, weight_bytes=160)


def test_top_elaborates_with_every_pin_placed():
    platform = BOARD.make_platform()
    top = BoardTop(BOARD, StubCore(IDENTITY), IDENTITY, contents=SdramContents(2, 40, 0))
    files = platform.prepare(top, "top", emit_src=False).files
    assert platform.device == BOARD.device and platform.speed == BOARD.speed_grade
    assert platform.default_clk_frequency == BOARD.oscillator_mhz * 1e6
    for pin in ("M1", "K16", "K15", "E13", "D13", "A3", "B16", "B1"):
        assert f'SITE "{pin}"' in files["top.lpf"]
    plain = replace(IDENTITY, weight_bytes=0)
    top = BoardTop(BOARD, StubCore(plain), plain)
    assert 'SITE "A3"' not in BOARD.make_platform().prepare(top, "top").files["top.lpf"]


def test_the_clock_is_exact_from_50_mhz():
    for wanted in (50, 100, 115, 120, 125, 126):
        assert pll_settings(BOARD.oscillator_mhz, wanted).output_mhz == wanted


def test_the_self_test_has_its_pins():
    top = SelfTestTop(SelfTestPlan(BOARD, 100.0))
    files = BOARD.make_platform().prepare(top, "top", emit_src=False).files
    for pin in ("M1", "K16", "K15", "E13", "C13", "A3", "B16"):
        assert f'SITE "{pin}"' in files["top.lpf"]
