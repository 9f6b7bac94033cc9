from random import Random

import pytest
from amaranth.sim import Simulator
from fireline.hw.rom import BANK_WORDS, Rom


@pytest.mark.parametrize("count", [1, 20, BANK_WORDS, 2 * BANK_WORDS + 7])
def test_a_word_a_cycle_after_its_latency(count):
    words = tuple(7919 * n % 65536 for n in range(1, count + 1))
    dut = Rom(16, words)
    addresses = [place % count for place in (3, 19, 0, 0, 511, 512, 1023, 1024, 7, 1030, 1)]

    async def bench(ctx):
        seen = []
        for cycle in range(len(addresses) + dut.LATENCY):
            ctx.set(dut.address, addresses[min(cycle, len(addresses) - 1)])
            seen.append(ctx.get(dut.word))
            await ctx.tick()
        assert seen[dut.LATENCY :] == [words[address] for address in addresses]

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize(("count", "depth"), [(5, 9), (500, 512), (2 * 512 + 7, 2 * 512 + 100)])
def test_words_behind_the_constant_ones_are_written(count, depth):
    random = Random(depth)
    words = [random.randrange(1 << 16) for _ in range(count)]
    dut = Rom(16, tuple(words), depth)
    written = {address: random.randrange(1 << 16) for address in range(count, depth)}

    async def bench(ctx):
        for address, word in written.items():
            ctx.set(dut.write.address, address)
            ctx.set(dut.write.word, word)
            ctx.set(dut.write.enable, 1)
            await ctx.tick()
            ctx.set(dut.write.word, ~word & 0xFFFF)
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
    simulator.add_testbench(bench)
    simulator.run()
