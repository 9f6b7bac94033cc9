"""The core's clock on an ECP5: a PLL's, held until the PLL has been locked for a while."""

from amaranth.hdl import ClockDomain, ClockSignal, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import Out

from .pll import PLL, PLLSettings

LOCK_CYCLES = 1 << 16
"""Cycles of the oscillator for which the PLL must be locked: 2.6 ms at 25 MHz, because LOCK may
rise before the clock is steady."""


class CoreClock(wiring.Component):
    """Makes the core's clock, which starts only when the PLL has been locked for `LOCK_CYCLES`.

    The core therefore starts from its initial state and needs no reset across the die. Place and
    route derive the new clock's constraint from the oscillator's. The board's clock is the domain
    `oscillator`.

    Parameters
        settings: of the PLL
        lead_steps: as of `PLL`
    Members
        clock: out, the core's clock, low until the PLL is steady
        ahead: out, the same clock earlier, never held; 0 without `lead_steps`
    Latency
        `LOCK_CYCLES` of the oscillator from the PLL's lock to `clock`
    """

    clock: Out(1)
    ahead: Out(1)

    def __init__(self, settings: PLLSettings, lead_steps: int | None = None):
        self.settings = settings
        self.lead_steps = lead_steps
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.domains.unheld = unheld = ClockDomain(reset_less=True, local=True)
        m.submodules.pll = pll = PLL(self.settings, self.lead_steps)
        locked, steady = Signal(), Signal()
        cycles = Signal(range(LOCK_CYCLES + 1))  # for which the PLL has been locked
        m.submodules.locked = FFSynchronizer(pll.locked, locked, o_domain="oscillator")
        with m.If(~locked):
            m.d.oscillator += cycles.eq(0)
        with m.Elif(cycles != LOCK_CYCLES):
            m.d.oscillator += cycles.eq(cycles + 1)
        m.submodules.steady = FFSynchronizer(cycles[-1], steady, o_domain="unheld", stages=3)
        m.submodules.gate = Instance("DCCA", i_CLKI=unheld.clk, i_CE=steady, o_CLKO=self.clock)
        m.d.comb += [
            pll.oscillator.eq(ClockSignal("oscillator")),
            unheld.clk.eq(pll.clock),
            self.ahead.eq(pll.ahead),
        ]
        return m
