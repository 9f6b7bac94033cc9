"""Lights, on boards with more, with fewer, with one of three colours and with none."""

import re

import pytest
from amaranth.build import Attrs
from amaranth.hdl import ClockDomain, Elaboratable, Module, Signal
from amaranth_boards.icepi_zero import IcepiZero1_3Platform
from amaranth_boards.resources import LEDResources, RGBLEDResource
from fireline.hw.boards.lights import connect_lights

STANDARD = Attrs(IO_TYPE="LVCMOS33")


class Top(Elaboratable):
    """Shows three bits of a counter."""

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain(reset_less=True)
        count = Signal(3)
        m.d.sync += count.eq(count + 1)
        connect_lights(m, platform, count)
        return m


@pytest.mark.parametrize(
    ("lights", "sites"),
    [
        (LEDResources(pins="E13 D14", attrs=STANDARD), ["E13", "D14"]),
        (LEDResources(pins="E13 D14 E12 C13", attrs=STANDARD), ["E13", "D14", "E12"]),
        ([RGBLEDResource(0, r="A11", g="A12", b="B11", attrs=STANDARD)], ["A11", "A12", "B11"]),
        ([], []),
    ],
    ids=["fewer", "more", "colours", "none"],
)
def test_the_first_bits_are_shown(lights, sites):
    platform = IcepiZero1_3Platform()
    for key in [key for key in platform.resources if key[0] == "led"]:
        del platform.resources[key]
    platform.add_resources(lights)
    files = platform.prepare(Top(), "top", emit_src=False).files
    assert re.findall(r'COMP "(?:rgb_)?led_\w+" SITE "(\w+)"', files["top.lpf"]) == sites
    shown = set(re.findall(r"connect \\o\S* \\count \[(\d)\]", files["top.il"]))
    assert shown == {str(n) for n in range(len(sites))}
