"""The core's clock in Amaranth's simulator, with a model of the PLL and of the clock gate."""

import pytest
from amaranth.hdl import ClockDomain, Elaboratable, Fragment, Module, Signal
from amaranth.sim import Simulator
from fireline.hw.ecp5 import clock as clocks
from fireline.hw.ecp5.clock import CoreClock
from fireline.hw.ecp5.pll import pll_settings


class FakePLL(Elaboratable):
    """Follows the oscillator; the test drives `locked`."""

    def __init__(self, settings, lead_steps):
        self.oscillator, self.clock, self.ahead = Signal(), Signal(), Signal()
        self.locked = Signal()
        FakePLL.last = self

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.clock.eq(self.oscillator)
        return m


def fake_cell(kind, *, i_CLKI, i_CE, o_CLKO):
    assert kind == "DCCA"
    m = Module()
    m.d.comb += o_CLKO.eq(i_CLKI & i_CE)
    return m


@pytest.fixture
def simulated(monkeypatch):
    """The component, and the module to simulate; LOCK must last for 16 cycles."""
    monkeypatch.setattr(clocks, "PLL", FakePLL)
    monkeypatch.setattr(clocks, "Instance", fake_cell)
    monkeypatch.setattr(clocks, "LOCK_CYCLES", 16)
    dut, m = CoreClock(pll_settings(25.0, 100.0)), Module()
    m.domains.oscillator = ClockDomain(reset_less=True)
    m.submodules.dut = Fragment.get(dut, None)
    return dut, FakePLL.last, m


def edges_after(simulated, levels: list[int]) -> list[int]:
    """Edges of the core's clock in each cycle, for LOCK's level in each cycle."""
    dut, pll, m = simulated
    found = []

    async def testbench(ctx):
        for level in levels:
            ctx.set(pll.locked, level)
            await ctx.tick("oscillator")
            await ctx.delay(1e-9)
            found.append(ctx.get(dut.clock))

    simulator = Simulator(m)
    simulator.add_clock(4e-8, domain="oscillator")
    simulator.add_testbench(testbench)
    simulator.run()
    return found


def test_clock_starts_after_a_long_lock(simulated):
    found = edges_after(simulated, [0] * 5 + [1] * 40)
    start = found.index(1)
    assert 5 + 16 <= start <= 5 + 16 + 8
    assert all(found[start:])


def test_an_early_lock_does_not_start_the_clock(simulated):
    found = edges_after(simulated, ([1] * 12 + [0] * 3) * 4 + [1] * 40)
    assert found.index(1) >= 4 * 15 + 16


def test_clock_stops_without_lock(simulated):
    found = edges_after(simulated, [1] * 40 + [0] * 10)
    assert found[39] and not found[-1]


def test_lock_is_awaited_for_milliseconds():
    assert clocks.LOCK_CYCLES / 25e6 > 2e-3
