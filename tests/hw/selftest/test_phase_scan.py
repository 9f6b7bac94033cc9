"""A scan tests each phase after a reset, steps the phase after it, and keeps the results."""

from dataclasses import replace

from amaranth.sim import Simulator
from fireline.hw.selftest.phase_scan import AT_A_TIME, PhaseScan
from fireline.hw.selftest.times import Times

TIMES = replace(Times.of(25.0), settle=5)


def scan(once: bool = False, tests: bool = True) -> tuple[int, int, int, bool]:
    """Resets, steps, results and whether it ended; test number n finds n + 1."""
    dut = PhaseScan(TIMES)
    resets = steps = count = 0
    result: list = []

    async def testbench(ctx):
        nonlocal resets, steps, count
        ctx.set(dut.run, 1)
        ctx.set(dut.once, once)
        held = stepping = 0
        for _ in range(600):
            await ctx.tick()
            resets += ctx.get(dut.hold) and not held
            steps += stepping and not ctx.get(dut.step)
            held, stepping = ctx.get(dut.hold), ctx.get(dut.step)
            if held:
                count = 0
                ctx.set(dut.tested, 0)
            elif ctx.get(dut.test):
                count += 1
                ctx.set(dut.bad, steps + 1)
                ctx.set(dut.tested, tests and count > 10)
            if ctx.get(dut.done):
                break
        done = bool(ctx.get(dut.done))
        ctx.set(dut.run, 0)
        await ctx.tick().repeat(4)
        assert not ctx.get(dut.done) and not ctx.get(dut.test)
        result.append((resets, steps, ctx.get(dut.found), done))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return result[0]


def test_a_scan_covers_eight_phases():
    resets, steps, found, done = scan()
    assert done and resets == AT_A_TIME + 1 and steps == AT_A_TIME  # a reset at each step
    assert [found >> 16 * n & 0xFFFF for n in range(AT_A_TIME)] == list(range(1, AT_A_TIME + 1))


def test_a_single_test_steps_nothing():
    resets, steps, _, done = scan(once=True)
    assert done and resets == 1 and steps == 0


def test_a_test_that_never_ends_is_a_failure_at_all_phases():
    _, _, found, done = scan(tests=False)
    assert not done and found == (1 << 16 * AT_A_TIME) - 1
