"""Constant and written words of ROMs of several shapes."""

from random import Random

import pytest
from amaranth.sim import Simulator
from fireline.hw.memory.block_ram import BANK_WORDS
from fireline.hw.memory.rom import Rom, deep_parts


@pytest.mark.parametrize("bits", [4, 9, 16, 130])
@pytest.mark.parametrize("count", [1, 20, BANK_WORDS, 2 * BANK_WORDS + 7, 7 * BANK_WORDS + 2])
def test_one_word_a_cycle(count, bits):
    random = Random(count)
    words = tuple(random.randrange(1 << bits) for _ in range(count))
    dut = Rom(bits, words)
    addresses = [place % count for place in (3, 19, 0, 0, 511, 512, 1023, 1024, 7, 1030, 1)]

    async def testbench(ctx):
        seen = []
        for cycle in range(len(addresses) + dut.LATENCY):
            ctx.set(dut.address, addresses[min(cycle, len(addresses) - 1)])
            seen.append(ctx.get(dut.word))
            await ctx.tick()
        assert seen[dut.LATENCY :] == [words[address] for address in addresses]

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


@pytest.mark.parametrize("bits", [16, 18, 130, 132])
@pytest.mark.parametrize(
    ("count", "depth"),
    [
        (5, 9),
        (500, 512),
        (2 * 512 + 7, 2 * 512 + 100),
        (4 * 512 - 99, 4 * 512 - 50),
        (5 * 512 + 9, 6 * 512 - 400),
    ],
)
def test_spare_words_are_written(count, depth, bits):
    random = Random(depth)
    words = [random.randrange(1 << bits) for _ in range(count)]
    dut = Rom(bits, tuple(words), depth)
    written = {address: random.randrange(1 << bits) for address in range(count, depth)}

    async def testbench(ctx):
        for address, word in written.items():
            ctx.set(dut.write.address, address)
            ctx.set(dut.write.word, word)
            ctx.set(dut.write.enable, 1)
            await ctx.tick()
            ctx.set(dut.write.word, ~word & (1 << bits) - 1)
            ctx.set(dut.write.enable, 0)
            ctx.set(dut.address, address)
            await ctx.tick().repeat(dut.LATENCY)
            assert ctx.get(dut.word) == word
        for address in range(depth):
            ctx.set(dut.address, address)
            await ctx.tick().repeat(dut.LATENCY)
            assert ctx.get(dut.word) == (words[address] if address < count else written[address])

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


@pytest.mark.parametrize("bits", range(1, 140, 7))
@pytest.mark.parametrize("banks", range(1, 10))
def test_deep_memories_take_no_more_block_rams(banks, bits):
    parts = deep_parts(banks, bits)
    whole = sum(part.bits * part.banks // 36 for part in parts)
    left = banks * bits - sum(part.bits * part.banks for part in parts)
    assert whole + -(-left // 36) == -(-banks * bits // 36)
    assert all(part.first % part.banks == 0 for part in parts)
