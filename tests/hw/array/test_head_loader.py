"""Packed class blocks become the weight words that went in."""

from random import Random

import pytest
from amaranth.sim import Simulator
from fireline.hw.array.class_block import ClassBlock
from fireline.hw.array.head_loader import HeadLoader
from fireline.hw.program import ArrayShape, HeadGeometry

BASE = 5
CASES = [
    ("4x4", 1, 2),
    ("4x4", 1, 3),
    ("4x8", 2, 1),
    ("8x4", 0, 2),
    ("16x32", 1, 2),
    ("4x32", 2, 5),
]


BLOCKS, SLOTS = 3, 2


def loader(array, exponent_bits, words):
    """The loader, its weight words, and the stream words of all blocks."""
    ci, co = map(int, array.split("x"))
    shape, random = ArrayShape(ci, co), Random(co)
    weights = [random.getrandbits(co * (4 * ci + exponent_bits)) for _ in range(BLOCKS * words)]
    block = ClassBlock(words, shape, exponent_bits)
    size = block.stream_words
    head = HeadGeometry(BLOCKS, words, SLOTS, BASE, size, load_cycles=size, check=0)
    image = b"".join(block.pack(weights[n : n + words]) for n in range(0, len(weights), words))
    stream = [int.from_bytes(image[n : n + 2], "little") for n in range(0, len(image), 2)]
    return HeadLoader(head, shape, exponent_bits), weights, stream


@pytest.mark.parametrize(("array", "exponent_bits", "words"), CASES)
@pytest.mark.parametrize("density", [1.0, 0.6])
def test_weight_words_are_what_was_packed(array, exponent_bits, words, density):
    dut, weights, stream = loader(array, exponent_bits, words)
    ci, co = map(int, array.split("x"))
    nibbles, exponents = 8 * ci, 2 * exponent_bits
    found, given, places, random = {}, [], [0], Random(1)

    async def testbench(ctx):
        for place, word in enumerate(stream + stream):
            while random.random() > density:
                await tick(ctx, place)
            ctx.set(dut.i.payload, word)
            ctx.set(dut.i.valid, 1)
            await tick(ctx, place)
            ctx.set(dut.i.valid, 0)
        await tick(ctx, place)
        await tick(ctx, place)

    async def tick(ctx, place):
        await ctx.tick()
        places.append(place)
        fill = ctx.get(dut.fill)
        assert fill.valid or not fill.last
        if fill.valid:
            given.append(fill.nibbles)
        if fill.last:
            block = places[-2] // (len(stream) // BLOCKS)  # of the stream word of the cycle before
            part = fill.exponents
            for nibbles16 in reversed(given[-nibbles // 16 :]):
                part = part << 16 | nibbles16
            assert (block, fill.address, fill.pair) not in found
            found[block, fill.address, fill.pair] = part

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    wanted = {}
    for place, weight in enumerate(weights + weights):
        block, word = divmod(place, words)
        address = BASE + block % SLOTS * words + word
        for pair in range(co // 2):
            part = weight >> pair * nibbles & (1 << nibbles) - 1
            part |= (weight >> 4 * ci * co + pair * exponents & (1 << exponents) - 1) << nibbles
            wanted[block, address, pair] = part
    assert found == wanted


def test_blocks_are_wanted_while_a_slot_is_free():
    dut, _, stream = loader("4x4", 1, 1)

    async def send_block(ctx):
        """Sends a block; whether another one is wanted from its second word to its end."""
        wanted = []
        for word in stream[: len(stream) // BLOCKS]:
            ctx.set(dut.i.payload, word)
            ctx.set(dut.i.valid, 1)
            await ctx.tick()
            wanted.append(ctx.get(dut.block_wanted))
        ctx.set(dut.i.valid, 0)
        (same,) = set(wanted[1:])
        return same

    async def take_block(ctx):
        ctx.set(dut.block_taken, 1)
        await ctx.tick()
        ctx.set(dut.block_taken, 0)

    async def testbench(ctx):
        assert ctx.get(dut.block_wanted)
        assert await send_block(ctx)  # one of two slots is free
        for _ in range(dut.LATENCY - 2):
            assert not ctx.get(dut.block_valid)
            await ctx.tick()
        assert ctx.get(dut.block_valid) and not ctx.get(dut.next_block_valid)
        assert not await send_block(ctx)
        await ctx.tick().repeat(dut.LATENCY)
        assert not ctx.get(dut.block_wanted)
        assert ctx.get(dut.block_valid) and ctx.get(dut.next_block_valid)
        await take_block(ctx)
        assert ctx.get(dut.block_wanted) and ctx.get(dut.block_valid)
        assert not ctx.get(dut.next_block_valid)
        await take_block(ctx)
        assert ctx.get(dut.block_wanted) and not ctx.get(dut.block_valid)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
