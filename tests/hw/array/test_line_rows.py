"""The rows above each pushed pixel, against a list of all pixels."""

from random import Random

import pytest
from amaranth.sim import Simulator
from fireline.hw.array.line_rows import LineRows

CHANNELS = 2


@pytest.mark.parametrize(("rows", "length"), [(1, 2), (2, 2), (1, 3), (3, 7), (2, 70), (6, 140)])
@pytest.mark.parametrize("density", [1.0, 0.5])
def test_rows_above_each_pixel(rows, length, density):
    dut, random = LineRows(CHANNELS, rows, length), Random(rows * length)
    pixels = [[random.randrange(256) for _ in range(CHANNELS)] for _ in range((rows + 3) * length)]

    def pixel_above(number, row):
        """The pixel of row 0 (the oldest), 1, ... above pixel `number`; 0 before the first row."""
        index = number - (rows - row) * length
        return pixels[index] if index >= 0 else [0] * CHANNELS

    async def testbench(ctx):
        for number, pixel in enumerate(pixels):
            while random.random() > density:
                await ctx.tick()
            ctx.set(dut.push, 1)
            ctx.set(dut.column, number % length)
            await ctx.tick()
            ctx.set(dut.push, 0)
            ctx.set(dut.pixel, pixel)
            expected = [pixel_above(number, row) for row in range(rows)]
            assert [list(above) for above in ctx.get(dut.above)] == expected, number

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
