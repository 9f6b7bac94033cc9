"""Bytes come back in order, are counted, and silence ends the echo."""

from dataclasses import replace

import pytest
from amaranth.sim import Simulator
from fireline.hw.selftest.echo import DEPTH, Echo
from fireline.hw.selftest.times import Times

TIMES = replace(Times.of(25.0), echo_silence=100)


@pytest.mark.parametrize("rate", (2, 3))
def test_bytes_come_back(rate):
    dut, back = Echo(TIMES), []
    sent = [n * 37 % 256 for n in range(DEPTH)]

    async def receive(ctx, byte):
        ctx.set(dut.i.payload, byte)
        ctx.set(dut.i.valid, 1)
        await ctx.tick()
        ctx.set(dut.i.valid, 0)

    async def testbench(ctx):
        await receive(ctx, ord("x"))
        assert ctx.get(dut.requested) == 0
        await receive(ctx, ord(str(rate)))
        assert ctx.get(dut.requested) == rate
        ctx.set(dut.run, 1)
        await ctx.tick().repeat(3)
        for byte in sent:  # none can be sent yet
            await receive(ctx, byte)
        ctx.set(dut.error, 1)
        await ctx.tick()
        ctx.set(dut.error, 0)
        await ctx.tick().repeat(TIMES.echo_silence + 5)
        assert not ctx.get(dut.done)
        ctx.set(dut.o.ready, 1)
        while not ctx.get(dut.done):
            if ctx.get(dut.o.valid):
                back.append(ctx.get(dut.o.payload))
            await ctx.tick()
        assert (ctx.get(dut.bytes), ctx.get(dut.framing)) == (len(sent), 1)
        await ctx.tick()
        ctx.set(dut.run, 0)
        await ctx.tick()
        assert ctx.get(dut.requested) == 0
        assert (ctx.get(dut.bytes), ctx.get(dut.framing)) == (len(sent), 1)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert back == sent
