"""Constant and filled words, as the lane pairs see them."""

import random

import pytest
from amaranth.sim import Simulator
from fireline.hw.array.weight_rom import WeightRom
from fireline.hw.array.weight_word import WeightWord


@pytest.mark.parametrize(("ci", "co", "exponent_bits"), [(4, 4, 1), (8, 32, 0), (16, 16, 2)])
def test_every_pair_has_its_part_of_the_word(ci, co, exponent_bits):
    rng = random.Random(co)
    layout = WeightWord(ci, co, exponent_bits)
    words = [
        {
            "nibbles": [[rng.randrange(16) for _ in range(ci)] for _ in range(co)],
            **(
                {"exponents": [rng.randrange(1 << exponent_bits) for _ in range(co)]}
                if exponent_bits
                else {}
            ),
        }
        for _ in range(9)
    ]
    dut = WeightRom(layout, tuple(layout.const(word).as_value().value for word in words))
    assert (dut.LATENCY, len(dut.pairs)) == (6, co // 2)
    addresses = [3, 8, 0, 0, 7, 1]

    async def testbench(ctx):
        for cycle in range(len(addresses) + dut.LATENCY):
            ctx.set(dut.address, addresses[min(cycle, len(addresses) - 1)])
            if cycle >= dut.LATENCY:
                word = words[addresses[cycle - dut.LATENCY]]
                for n in range(co // 2):
                    part = {name: lanes[2 * n : 2 * n + 2] for name, lanes in word.items()}
                    assert ctx.get(dut.pairs[n]) == layout.pair.const(part)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def test_a_pair_is_filled_and_read():
    layout = WeightWord(4, 8, 1)
    dut = WeightRom(layout, (1, 2, 3), depth=7)
    rng = random.Random(0)
    parts = {
        (address, pair): rng.randrange(1 << layout.pair.size)
        for address in range(3, 7)
        for pair in range(4)
    }

    async def testbench(ctx):
        for (address, pair), part in parts.items():
            own = {"address": address, "pair": pair, "exponents": part >> 32}
            ctx.set(dut.fill, {**own, "valid": 1, "nibbles": part & 0xFFFF})
            await ctx.tick()
            ctx.set(dut.fill, {**own, "valid": 0, "nibbles": 0xFFFF, "last": 1})
            await ctx.tick().repeat(1 + pair)
            ctx.set(dut.fill, {**own, "valid": 1, "nibbles": part >> 16 & 0xFFFF, "last": 1})
            await ctx.tick()
            ctx.set(dut.fill, {"valid": 1, "nibbles": 0xAAAA, "pair": (pair + 1) % 4, "address": 6})
            await ctx.tick().repeat(dut.FILL_CYCLES - 1)
            ctx.set(dut.fill.valid, 0)
            ctx.set(dut.address, address)
            await ctx.tick().repeat(dut.LATENCY)
            assert ctx.get(dut.pairs[pair].as_value()) == part
        for (address, pair), part in parts.items():
            ctx.set(dut.address, address)
            await ctx.tick().repeat(dut.LATENCY)
            assert ctx.get(dut.pairs[pair].as_value()) == part

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
