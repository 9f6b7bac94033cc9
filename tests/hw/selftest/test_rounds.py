"""Lines follow in order, wait for their tests but not for ever, and give way to an echo."""

from dataclasses import replace
from itertools import pairwise

from amaranth.sim import Simulator
from fireline.hw.selftest.rounds import Rounds
from fireline.hw.selftest.times import Times

LINES = 3
TIMES = replace(Times.of(25.0), pause=20, patience=50)


def printed(cycles: int, *, ready=lambda number: 1, echo_at: int = -1) -> list[tuple[int, int]]:
    """The cycle and the number of each line; an echo is requested in cycle `echo_at`."""
    dut, found = Rounds(LINES, TIMES), []

    async def testbench(ctx):
        busy = echoing = 0
        for cycle in range(cycles):
            if cycle == echo_at:
                ctx.set(dut.echo_rate, 3)
            ctx.set(dut.ready, ready(ctx.get(dut.number)))
            ctx.set(dut.printing, busy > 0)
            echoing = echoing + 1 if ctx.get(dut.echo) else 0
            ctx.set(dut.echo_done, echoing == 30)
            if echoing == 30:
                ctx.set(dut.echo_rate, 0)
            if ctx.get(dut.print):
                assert not busy
                found.append((cycle, ctx.get(dut.line)))
                busy = 5
            busy -= busy > 0
            await ctx.tick()
        rounds.append(ctx.get(dut.round))

    rounds: list[int] = []
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert abs(rounds[0] - sum(line == 0 for _, line in found)) <= 1
    return found


def test_lines_follow_in_order_at_their_pace():
    found = printed(10 * TIMES.pause)
    assert [line for _, line in found] == [n % LINES for n in range(len(found))]
    cycles = [cycle for cycle, _ in found]
    assert all(TIMES.pause <= b - a <= TIMES.pause + 3 for a, b in pairwise(cycles))


def test_a_test_that_never_ends_does_not_stop_the_round():
    found = printed(12 * TIMES.patience, ready=lambda number: number != 1)
    assert [line for _, line in found[:4]] == [0, 1, 2, 0]
    assert found[1][0] - found[0][0] >= TIMES.patience


def test_an_echo_runs_between_two_lines():
    found = printed(20 * TIMES.pause, echo_at=TIMES.pause + 5)
    lines = [line for _, line in found]
    at = lines.index(LINES + 1)
    assert lines[: at + 3] == [*range(at), LINES + 1, LINES + 2, at % LINES]
    assert found[at + 1][0] - found[at][0] >= 30
