"""Bytes become pixels, whatever stalls at either end."""

from amaranth.sim import Simulator
from fireline.hw.link.pixel_packer import PixelPacker
from hypothesis import given, settings
from hypothesis import strategies as st
from support import streams


@settings(max_examples=20)
@given(st.integers(1, 4), st.binary(max_size=30), st.integers(0, 2**32))
def test_pixels_are_their_bytes_in_order(channels, sent, seed):
    taken = streams.run(PixelPacker(channels), list(sent), 10 * len(sent) + 20, seed)
    whole = len(sent) // channels * channels
    assert [byte for pixel in taken for byte in pixel] == list(sent[:whole])


def test_a_pixel_takes_a_cycle_more_than_its_bytes():
    dut = PixelPacker(3)
    valid = []

    async def testbench(ctx):
        ctx.set(dut.i.valid, 1)
        ctx.set(dut.o.ready, 1)
        for _ in range(12):
            valid.append(ctx.get(dut.o.valid))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert valid == [0, 0, 0, 1] * 3
