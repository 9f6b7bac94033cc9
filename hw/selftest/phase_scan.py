"""Steps the phase of the SDRAM's clock, and tests the SDRAM at each."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..sdram.chip import WORD_BITS
from .times import Times

AT_A_TIME = 8
"""Phases of a scan; their results fit on a line."""


class PhaseScan(wiring.Component):
    """Tests the SDRAM at `AT_A_TIME` phases and steps the phase after each, or tests it once.

    It does so each time that `run` rises.

    Parameters
        times: the wait after each change
    Members
        run: in; `done`: out, until `run` falls
        once: in, one test, no step
        hold: out, reset of the memory and its test
        test: out, the test may run
        tested: in, the test is over
        bad: in, its result
        step: out, to the PLL, which delays the clock at the falling edge
        found: out, the results of the latest phases, the first one lowest
    """

    def __init__(self, times: Times):
        self.times = times
        super().__init__(
            {
                "run": In(1),
                "done": Out(1),
                "once": In(1),
                "hold": Out(1),
                "test": Out(1),
                "tested": In(1),
                "bad": In(WORD_BITS),
                "step": Out(1),
                "found": Out(AT_A_TIME * WORD_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        left, time = Signal(range(AT_A_TIME + 1)), Signal(range(self.times.settle + 1))
        m.d.sync += time.eq(0)
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += left.eq(AT_A_TIME)
                with m.If(self.run):
                    m.d.sync += self.found.eq(-1)  # unless a test says otherwise
                    m.next = "HOLD"
            with m.State("HOLD"):
                m.d.comb += self.hold.eq(1)
                m.d.sync += time.eq(time + 1)
                with m.If(time == self.times.settle):
                    m.d.sync += time.eq(0)
                    m.next = "TEST"
            with m.State("TEST"):
                m.d.comb += self.test.eq(1)
                with m.If(self.tested & self.once):
                    m.next = "DONE"
                with m.Elif(self.tested):
                    m.d.sync += [
                        self.found.eq(Cat(self.found[WORD_BITS:], self.bad)),
                        left.eq(left - 1),
                    ]
                    m.next = "STEP"
                with m.Elif(~self.run):
                    m.next = "IDLE"
            with m.State("STEP"):
                m.d.comb += [self.hold.eq(1), self.step.eq(1)]
                m.d.sync += time.eq(time + 1)
                with m.If(time == self.times.settle):
                    m.d.sync += time.eq(0)
                    m.next = "HOLD"
                    with m.If(left == 0):
                        m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                with m.If(~self.run):
                    m.next = "IDLE"
        return m
