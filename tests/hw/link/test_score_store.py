"""Scores stay until a reset, and can be read in any order."""

import pytest
from amaranth.hdl import ResetInserter, Signal
from amaranth.sim import Simulator
from fireline.hw.link.score_store import ScoreStore

SCORES = [0x04030201 * n % 2**32 for n in range(1, 201)]


@pytest.mark.parametrize("classes", [1, 16, 40, 200])
def test_every_byte_of_every_score(classes):
    reset = Signal()
    dut = ScoreStore(classes)
    top = ResetInserter(reset)(dut)
    scores = SCORES[:classes]

    async def give(ctx, scores):
        for n, score in enumerate(scores):
            assert ctx.get(dut.i.ready) and not ctx.get(dut.done)
            ctx.set(dut.i.payload, {"score": score, "last": n == len(scores) - 1})
            ctx.set(dut.i.valid, 1)
            await ctx.tick()
            ctx.set(dut.i.valid, 0)
        assert ctx.get(dut.done) and not ctx.get(dut.i.ready)

    async def read(ctx, number):
        score = 0
        for byte in range(4):
            ctx.set(dut.part, number // 16)
            ctx.set(dut.place, {"score": number % 16, "byte": byte})
            await ctx.tick().repeat(dut.LATENCY)
            score |= ctx.get(dut.byte) << 8 * byte
        return score

    async def testbench(ctx):
        await give(ctx, scores)
        ctx.set(dut.i.valid, 1)  # one too many, not taken
        ctx.set(dut.i.p.score, 5)
        for number in reversed(range(classes)):
            assert await read(ctx, number) == scores[number]
        ctx.set(dut.i.valid, 0)
        ctx.set(reset, 1)
        await ctx.tick()
        ctx.set(reset, 0)
        await give(ctx, scores[::-1])
        assert await read(ctx, 0) == scores[-1]

    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
