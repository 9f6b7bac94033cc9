"""The pads in Amaranth's simulator: which signals reach the chip's pins, and when."""

from types import SimpleNamespace

import pytest
from amaranth.hdl import ClockDomain, ClockSignal, Fragment, Module, Mux
from amaranth.lib import io
from amaranth.sim import Simulator
from amaranth_boards.ulx3s import ULX3S_85F_Platform
from fireline.hw.ecp5.pll import pll_settings
from fireline.hw.sdram.chip import Command
from fireline.hw.sdram.pads import SdramPads, clock_lead, read_margins


class Platform:
    """The board's SDRAM with simulated pins, inverted as on the board."""

    def __init__(self):
        self.ports = None

    def request(self, name, dir):
        real = ULX3S_85F_Platform().request(name, dir=dir)
        self.ports = SimpleNamespace(
            **{
                pin: io.SimulationPort(
                    getattr(real, pin).direction,
                    len(getattr(real, pin)),
                    invert=getattr(real, pin).invert,
                )
                for pin in dir
            }
        )
        return self.ports

    def get_io_buffer(self, buffer):
        """Amaranth simulates every buffer except DDR buffers."""
        if not isinstance(buffer, io.DDRBuffer):
            return buffer.elaborate(None)
        m = Module()
        m.d.comb += buffer.port.o.eq(Mux(ClockSignal(buffer.o_domain), *buffer.o))
        return m


@pytest.fixture
def pads():
    """The component, the chip's ports, and the module to simulate."""
    platform, dut, m = Platform(), SdramPads(), Module()
    m.domains.sdram = ClockDomain(reset_less=True)
    m.submodules.pads = Fragment.get(dut, platform)
    return dut, platform.ports, m


def simulate(m, testbench):
    simulator = Simulator(m)
    simulator.add_clock(1e-8)
    simulator.add_clock(1e-8, phase=2e-9, domain="sdram")
    simulator.add_testbench(testbench)
    simulator.run()


def test_every_command_reaches_its_pins_a_cycle_later(pads):
    dut, ports, m = pads

    async def testbench(ctx):
        for command in Command:
            ctx.set(dut.pins.command, command)
            ctx.set(dut.pins.bank, command & 3)
            ctx.set(dut.pins.address, 0x1234 ^ command)
            ctx.set(dut.pins.mask, command & 1)
            await ctx.tick()
            pins = [ctx.get(ports.ras.o), ctx.get(ports.cas.o), ctx.get(ports.we.o)]
            assert pins == [command >> 2 & 1, command >> 1 & 1, command & 1]  # low when active
            assert (ctx.get(ports.ba.o), ctx.get(ports.a.o)) == (command & 3, 0x1234 ^ command)
            assert ctx.get(ports.dqm.o) == 3 * (command & 1)
            assert ctx.get(ports.clk_en.o) == 1 and ctx.get(ports.cs.o) == 0

    simulate(m, testbench)


def test_words_go_both_ways_through_registers(pads):
    dut, ports, m = pads

    async def testbench(ctx):
        ctx.set(dut.pins.dq_o, 0xBEEF)
        ctx.set(dut.pins.dq_oe, 1)
        ctx.set(ports.dq.i, 0xCAFE)
        await ctx.tick()
        assert (ctx.get(ports.dq.o), ctx.get(ports.dq.oe)) == (0xBEEF, 0xFFFF)
        assert ctx.get(dut.pins.dq_i) == 0xCAFE
        ctx.set(dut.pins.dq_oe, 0)
        await ctx.tick()
        assert ctx.get(ports.dq.oe) == 0

    simulate(m, testbench)


def test_the_chips_clock_is_that_of_its_domain(pads):
    """Here that domain leads the core's by 3 ns."""
    _, ports, m = pads
    levels = []

    async def testbench(ctx):
        await ctx.tick()
        await ctx.delay(0.5e-9)
        for _ in range(20):
            levels.append(ctx.get(ports.clk.o))
            await ctx.delay(1e-9)

    simulate(m, testbench)
    assert levels == 2 * ([1] * 2 + [0] * 5 + [1] * 3)


@pytest.mark.parametrize("clock_mhz", [20, 25, 50, 62.5, 80, 100, 110, 115, 120, 125, 130, 132.5])
def test_words_are_sampled_while_they_are_valid(clock_mhz):
    """The lead is rounded to the PLL's steps; the margins are balanced where the clock is fast."""
    step = pll_settings(25.0, clock_mhz).step_ns
    before, after = read_margins(clock_mhz, round(clock_lead(clock_mhz) / step) * step)
    assert min(before, after) > 1.4
    assert clock_mhz < 90 or abs(before - after) <= step + 1e-9


def test_margins_by_hand():
    """At 100 MHz and a lead of 3 ns the word comes 7.6 ns after the edge and goes 3.15 after the
    next one."""
    assert read_margins(100.0, 3.0) == pytest.approx((2.4, 3.15))


@pytest.mark.parametrize("clock_mhz", [20, 62.5, 100, 133])
def test_the_chips_inputs_are_stable_around_its_clock(clock_mhz):
    """They change `lead` after the chip's edge, and it wants 0.8 ns after and 1.5 ns before it."""
    lead = clock_lead(clock_mhz)
    assert lead - 0.8 > 1.4 and 1000 / clock_mhz - lead - 1.5 > 1.3
