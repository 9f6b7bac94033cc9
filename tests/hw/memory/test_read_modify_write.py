"""Every beat sees what the beats before it left, against a list of words."""

import pytest
from amaranth.hdl import unsigned
from amaranth.lib.data import ArrayLayout
from amaranth.sim import Simulator
from fireline.hw.memory.block_ram import BlockRam
from fireline.hw.memory.distributed_ram import ShallowRam
from fireline.hw.memory.ram import Ram
from fireline.hw.memory.read_modify_write import ReadModifyWrite
from hypothesis import given, settings
from hypothesis import strategies as st

WORDS, ELEMENTS, BITS = 6, 3, 20
LAYOUT = ArrayLayout(unsigned(BITS), ELEMENTS)
MEMORIES = {
    "block": lambda: BlockRam(LAYOUT, WORDS),
    "shallow": lambda: ShallowRam(LAYOUT, WORDS),
    "gathered": lambda: ShallowRam(LAYOUT, WORDS, gather=True),
    "ram": lambda: Ram(LAYOUT, WORDS),
    "gathered ram": lambda: Ram(LAYOUT, WORDS, gather=True),
}


def modified(word, number):
    """The result of beat `number`: it depends on every result before it at the same address."""
    return [(5 * value + number + element) % (1 << BITS) for element, value in enumerate(word)]


def run(dut, beats):
    """Sends beats (valid, address), one a cycle. Returns the words that the beats saw."""
    seen, registered = [], [0] * ELEMENTS

    async def testbench(ctx):
        nonlocal registered
        for number in range(len(beats) + dut.latency() + 1):
            valid, address = beats[number] if number < len(beats) else (0, 0)
            ctx.set(dut.valid, valid)
            ctx.set(dut.address, address)
            late = number - dut.latency()
            if late > 0:
                follows, previous = ctx.get(dut.follows), list(ctx.get(dut.previous))
                latest = [previous[n] if follows[n] else registered[n] for n in range(ELEMENTS)]
                seen.append(latest)
                ctx.set(dut.result, modified(latest, late - 1))
            registered = list(ctx.get(dut.word))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return seen


def expected(beats):
    words = [[0] * ELEMENTS for _ in range(WORDS)]
    for number, (valid, address) in enumerate(beats):
        yield words[address]
        if valid:
            words[address] = modified(words[address], number)


BEATS = st.lists(st.tuples(st.booleans(), st.integers(0, WORDS - 1)), min_size=1, max_size=60)
NEAR = st.lists(st.tuples(st.integers(0, 7).map(bool), st.integers(0, 1)), min_size=1, max_size=40)


@pytest.mark.parametrize("memory", MEMORIES)
@given(beats=BEATS | NEAR)
@settings(max_examples=30, deadline=None)
def test_each_beat_sees_the_word_that_the_beats_before_it_left(memory, beats):
    dut = ReadModifyWrite(LAYOUT, MEMORIES[memory]())
    assert run(dut, beats) == list(expected(beats))


@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("distance", range(1, 9))
def test_each_distance_between_two_beats_of_an_address(memory, distance):
    """Other addresses in between, with and without `valid`."""
    for between in (0, 1):
        beats = [(1, 4), *[(between, n % 3) for n in range(distance - 1)], (1, 4), (0, 4)]
        dut = ReadModifyWrite(LAYOUT, MEMORIES[memory]())
        assert run(dut, beats) == list(expected(beats))
