"""Scaling against the formula in plain integers."""

import pytest
from amaranth.sim import Simulator
from fireline.hw.ecp5.mult18x18d import Form
from fireline.hw.output.scale import Scale


@pytest.mark.parametrize("form", [Form.PLAIN, Form.LUT])
@pytest.mark.parametrize(
    ("value_bits", "multiplier_bits", "shifts"),
    [(24, 12, (1, 9, 31)), (8, 8, (4,)), (3, 16, (2, 20)), (26, 1, (1,)), (18, 5, (5, 7))],
)
def test_formula(value_bits, multiplier_bits, shifts, form):
    dut = Scale(value_bits, multiplier_bits, shifts, form=form)
    most = (1 << value_bits) - 1, (1 << multiplier_bits) - 1
    cases = [
        (x, multiplier, index)
        for x in (0, 1, most[0] // 3, most[0] - 1, most[0])
        for multiplier in (0, 1, most[1] // 3, most[1])
        for index in range(len(shifts))
    ]
    seen = []

    async def drive(ctx):
        for x, multiplier, index in cases:
            ctx.set(dut.x, x)
            ctx.set(dut.multiplier, multiplier)
            ctx.set(dut.shift, index)
            await ctx.tick()
        await ctx.tick().repeat(dut.LATENCY)

    async def watch(ctx):
        async for _, _, y in ctx.tick().sample(dut.y):
            seen.append(y)

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(drive)
    simulator.add_testbench(watch, background=True)
    simulator.run()
    assert seen[dut.LATENCY :] == [
        (x * multiplier + (1 << (shifts[index] - 1))) >> shifts[index]
        for x, multiplier, index in cases
    ]
