"""Resets a PLL, times it until it locks, and counts its clock."""

from amaranth.hdl import ClockDomain, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from .times import Times

ATTEMPTS = 4
TIME_BITS = 20
COUNT_BITS = 20
NEVER = (1 << TIME_BITS) - 1
"""Instead of a time to lock: the PLL was given up."""


class PLLMeter(wiring.Component):
    """Resets the PLL `ATTEMPTS` times, or until it does not lock; then counts its clock.

    It does so once each time that `run` rises.

    Parameters
        times: reset, patience, and the window of the count
    Members
        run: in; `done`: out, until `run` falls
        reset: out, of the PLL
        lock: in, of the PLL, asynchronous
        clock: in, the PLL's clock
        steady: out, `lock` has been 1 for `times.steady` cycles without a reset
        locked: out, `lock` now
        losses: out, falls of `lock` without a reset, at most 255
        relocks: out, resets that ended with a lock, modulo 2^16
        shortest, longest: out, cycles from the end of a reset to the lock; `NEVER` if it failed
        count: out, cycles of `clock` in the latest window; 0 if it stands still
    """

    def __init__(self, times: Times):
        self.times = times
        super().__init__(
            {
                "run": In(1),
                "done": Out(1),
                "reset": Out(1),
                "lock": In(1),
                "clock": In(1),
                "steady": Out(1),
                "locked": Out(1),
                "losses": Out(8),
                "relocks": Out(16),
                "shortest": Out(TIME_BITS, init=NEVER),
                "longest": Out(TIME_BITS),
                "count": Out(COUNT_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        times = self.times
        self._build_lock(m)
        clocks, begin = self._build_clock_count(m), Signal(COUNT_BITS)
        attempts, time = Signal(range(ATTEMPTS + 1)), Signal(TIME_BITS)
        m.d.sync += time.eq(time + 1)
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [time.eq(0), attempts.eq(ATTEMPTS)]
                with m.If(self.run):
                    m.next = "RESET"
            with m.State("RESET"):
                m.d.comb += self.reset.eq(1)
                with m.If(time == times.pll_reset):
                    m.d.sync += [time.eq(0), attempts.eq(attempts - 1)]
                    m.next = "LOCK"
            with m.State("LOCK"):
                given_up = time == times.pll_give_up
                with m.If(self.locked | given_up):
                    self._record(m, Mux(given_up, NEVER, time))
                    m.d.sync += [time.eq(0), self.relocks.eq(self.relocks + self.locked)]
                    with m.If(~self.locked):
                        m.d.sync += attempts.eq(0)
                    m.next = "SETTLE"
            with m.State("SETTLE"), m.If(time == times.steady + 2):
                m.d.sync += [time.eq(0), begin.eq(clocks)]
                m.next = "RESET"
                with m.If(attempts == 0):
                    m.next = "COUNT"
            with m.State("COUNT"), m.If(time == times.window - 1):
                m.d.sync += self.count.eq(clocks - begin)
                m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                with m.If(~self.run):
                    m.next = "IDLE"
        return m

    def _record(self, m, time):
        with m.If(time < self.shortest):
            m.d.sync += self.shortest.eq(time)
        with m.If(time > self.longest):
            m.d.sync += self.longest.eq(time)

    def _build_lock(self, m):
        """Follows the lock: whether it is there, steady, or was lost."""
        before, cycles = Signal(), Signal(range(self.times.steady + 1))
        m.submodules.synchronizer = FFSynchronizer(self.lock, self.locked)
        m.d.comb += self.steady.eq(cycles == self.times.steady)
        m.d.sync += before.eq(self.locked & ~self.reset)
        with m.If(self.reset | ~self.locked):
            m.d.sync += cycles.eq(0)
        with m.Elif(~self.steady):
            m.d.sync += cycles.eq(cycles + 1)
        with m.If(before & ~self.locked & ~self.reset & (self.losses != 0xFF)):
            m.d.sync += self.losses.eq(self.losses + 1)

    def _build_clock_count(self, m):
        """Returns how many cycles the PLL has made; the count crosses over in Gray code."""
        m.domains.metered = metered = ClockDomain(reset_less=True, local=True)
        made, gray, crossed = (Signal(COUNT_BITS) for _ in range(3))
        m.d.comb += metered.clk.eq(self.clock)
        m.d.metered += [made.eq(made + 1), gray.eq(made ^ (made >> 1))]
        m.submodules.crossing = FFSynchronizer(gray, crossed)
        count = Signal(COUNT_BITS)  # a register, because the subtraction of two takes long as well
        m.d.sync += [count[n].eq(crossed[n:].xor()) for n in range(COUNT_BITS)]
        return count
