"""Drives a component from stream `i` to stream `o`; both sides stall at random."""

import random

from amaranth.sim import Simulator


def run(dut, sent: list, cycles: int, seed: int) -> list:
    """Sends `sent` and returns what leaves within `cycles` cycles; `seed` decides the stalls."""
    draw = random.Random(seed)
    taken = []

    async def source(ctx):
        for payload in sent:
            while draw.random() < 0.3:
                await ctx.tick()
            ctx.set(dut.i.payload, payload)
            ctx.set(dut.i.valid, 1)
            await ctx.tick().until(dut.i.ready)
            ctx.set(dut.i.valid, 0)

    async def sink(ctx):
        while True:
            ctx.set(dut.o.ready, draw.random() < 0.7)
            _, _, valid, ready, payload = await ctx.tick().sample(
                dut.o.valid, dut.o.ready, dut.o.payload
            )
            if valid and ready:
                taken.append(payload)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(source)
    simulator.add_testbench(sink, background=True)
    simulator.run_until(1e-6 * cycles)
    return taken
