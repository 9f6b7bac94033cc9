"""Bytes that arrive with pauses become the words of bursts, each in its place."""

from random import Random

from amaranth.sim import Simulator
from fireline.hw.sdram.chip import BURST_WORDS, SdramGeometry
from fireline.hw.sdram.controller import Action
from fireline.hw.sdram.loader import SdramLoader
from hypothesis import given, settings
from hypothesis import strategies as st


@settings(max_examples=20)
@given(
    bursts=st.integers(1, 5),
    extra=st.integers(0, 40),
    pauses=st.floats(0, 0.9),
    draw=st.integers(0, 2**32).map(Random),
)
def test_words_of_bursts(bursts, extra, pauses, draw):
    dut = SdramLoader(SdramGeometry(), bursts)
    sent, written = draw.randbytes(16 * bursts), {}
    waits = [int(draw.random() < pauses) * draw.randrange(20) for _ in range(2000)]

    async def host(ctx):
        for byte in sent + bytes(extra):
            await ctx.tick().repeat(waits.pop() + 1)
            ctx.set(dut.i.payload, byte)
            ctx.set(dut.i.valid, 1)
            await ctx.tick().until(dut.i.ready)
            ctx.set(dut.i.valid, 0)
        await ctx.tick().repeat(100)
        assert ctx.get(dut.done)

    async def controller(ctx):
        while True:
            while not ctx.get(dut.request.valid):
                await ctx.tick()
            request = ctx.get(dut.request.payload)
            assert request.action == Action.WRITE
            await ctx.tick().repeat(waits.pop() + 1)
            ctx.set(dut.request.ready, 1)
            await ctx.tick()
            ctx.set(dut.request.ready, 0)
            await ctx.tick().repeat(2)
            ctx.set(dut.write_next, 1)
            words = []
            for _ in range(BURST_WORDS):
                words.append(ctx.get(dut.write_data))
                await ctx.tick()
            ctx.set(dut.write_next, 0)
            written[request.burst] = words

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(host)
    simulator.add_testbench(controller, background=True)
    simulator.run()
    words = [word for burst in range(bursts) for word in written.pop(burst)]
    assert b"".join(word.to_bytes(2, "little") for word in words) == sent
    assert not written
