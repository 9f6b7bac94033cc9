"""The padded axis: position, border, last and wanted windows against their definitions."""

from random import Random

import pytest
from amaranth.sim import Simulator
from fireline.hw.array.raster_axis import RasterAxis


@pytest.mark.parametrize(
    "size, kernel, stride, padding",
    [(8, 3, 1, 1), (9, 3, 2, 0), (7, 7, 2, 3), (5, 2, 3, 0), (4, 1, 1, 0), (1, 1, 1, 0)],
)
def test_two_walks_along_the_axis(size, kernel, stride, padding):
    """The axis steps at random; between two steps its outputs stay."""
    dut, random = RasterAxis(size, kernel, stride, padding), Random(size)
    length = size + 2 * padding
    assert dut.length == length
    window_ends = range(kernel - 1, length, stride)

    async def testbench(ctx):
        for position in [*range(length)] * 2:
            expected = (
                position,
                not padding <= position < padding + size,
                position == length - 1,
                position in window_ends,
            )
            for step in [0] * random.randrange(3) + [1]:
                ctx.set(dut.step, step)
                outputs = (dut.position, dut.border, dut.last, dut.wanted)
                assert tuple(ctx.get(output) for output in outputs) == expected
                await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
