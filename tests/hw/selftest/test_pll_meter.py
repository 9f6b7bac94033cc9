"""The meter times the lock, tells a dead PLL, counts losses, and counts the clock."""

from dataclasses import replace

import pytest
from amaranth.sim import Simulator
from fireline.hw.selftest.pll_meter import ATTEMPTS, NEVER, PLLMeter
from fireline.hw.selftest.times import Times

TIMES = replace(Times.of(25.0), pll_reset=10, pll_give_up=400, steady=50, window=1000)


def meter(*, lock_after: int | None, mhz: float, loses: int = 0) -> dict[str, int]:
    """What a meter finds in a round; the PLL loses its lock `loses` times afterwards."""
    dut, found = PLLMeter(TIMES), {}

    async def pll(ctx):
        since = 0
        while True:
            await ctx.tick()
            since = 0 if ctx.get(dut.reset) else since + 1
            ctx.set(dut.lock, lock_after is not None and since >= lock_after)

    async def testbench(ctx):
        ctx.set(dut.run, 1)
        await ctx.tick().until(dut.done)
        found.update({name: ctx.get(getattr(dut, name)) for name in NAMES})
        ctx.set(dut.run, 0)
        await ctx.tick().repeat(3)
        assert not ctx.get(dut.done)

    simulator = Simulator(dut)
    simulator.add_clock(40e-9)
    simulator.add_testbench(testbench)
    simulator.add_testbench(pll, background=True)
    if mhz:

        async def clock(ctx):
            while True:
                ctx.set(dut.clock, ~ctx.get(dut.clock) & 1)
                await ctx.delay(1 / (2e6 * mhz))

        simulator.add_testbench(clock, background=True)
    simulator.run()
    return found


NAMES = "steady", "locked", "losses", "relocks", "shortest", "longest", "count"


def test_a_sound_pll():
    found = meter(lock_after=100, mhz=130)
    assert found["steady"] and found["locked"] and not found["losses"]
    assert found["relocks"] == ATTEMPTS
    assert 100 <= found["shortest"] == found["longest"] <= 104
    assert abs(found["count"] - 130 * TIMES.window / 25) <= 1


@pytest.mark.parametrize("lock_after", (None, TIMES.pll_give_up + 100))
def test_a_pll_that_is_dead_or_too_late(lock_after):
    found = meter(lock_after=lock_after, mhz=0)
    assert found["locked"] == (lock_after is not None)
    assert not found["relocks"]
    assert found["shortest"] == found["longest"] == NEVER
    assert found["count"] == 0


def test_a_lock_that_is_lost_is_counted():
    dut = PLLMeter(TIMES)

    async def testbench(ctx):
        for lost in range(1, 4):
            ctx.set(dut.lock, 1)
            await ctx.tick().repeat(TIMES.steady + 4)
            assert ctx.get(dut.steady)
            ctx.set(dut.lock, 0)
            await ctx.tick().repeat(4)
            assert not ctx.get(dut.steady)
            assert ctx.get(dut.losses) == lost

    simulator = Simulator(dut)
    simulator.add_clock(40e-9)
    simulator.add_testbench(testbench)
    simulator.run()
