"""The test at power-up against a model of a memory, sound or with one fault."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations

import pytest
from amaranth.sim import Simulator
from fireline.hw.sdram.chip import BURST_WORDS, WORD_BITS, SdramGeometry
from fireline.hw.sdram.controller import Action
from fireline.hw.sdram.probe import SdramProbe

GEOMETRY = SdramGeometry()


@dataclass
class Memory:
    """Lines that map an address and a word; a word that was never written is 0."""

    place: Callable[[int], int] = lambda place: place
    word: Callable[[int], int] = lambda word: word
    cells: dict[int, int] = field(default_factory=dict)
    written: list[int] = field(default_factory=list)

    def write(self, place: int, word: int):
        self.written.append(word)
        self.cells[self.place(place)] = self.word(word)

    def read(self, place: int) -> int:
        return self.cells.get(self.place(place), 0)


class Absent(Memory):
    """No chip: the lines keep the last word that was on them."""

    def read(self, place: int) -> int:
        return self.written[-1]


@dataclass
class Failing(Memory):
    """Returns `sound` right words, then wrong ones."""

    sound: int = 0

    def read(self, place: int) -> int:
        self.sound -= 1
        return super().read(place) ^ (self.sound < 0)


def is_sound(memory: Memory) -> bool:
    """The verdict of the probe."""
    dut = SdramProbe(GEOMETRY)
    found = []

    async def controller(ctx):
        while not ctx.get(dut.done):
            request = ctx.get(dut.request.payload)
            assert ctx.get(dut.request.valid)
            ctx.set(dut.request.ready, 1)
            await ctx.tick()
            ctx.set(dut.request.ready, 0)
            is_write = request.action == Action.WRITE
            ctx.set(dut.write_next if is_write else dut.read_valid, 1)
            for place in range(BURST_WORDS * request.burst, BURST_WORDS * (request.burst + 1)):
                if is_write:
                    memory.write(place, ctx.get(dut.write_data))
                else:
                    ctx.set(dut.read_data, memory.read(place))
                await ctx.tick()
            ctx.set(dut.write_next, 0)
            ctx.set(dut.read_valid, 0)
            await ctx.tick()  # so the probe sees that these were the last
        assert not ctx.get(dut.request.valid)
        found.append(ctx.get(dut.sound))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(controller)
    simulator.run()
    return bool(found[0])


def test_sound_memory_sees_every_pair_of_lines_with_every_pair_of_values():
    memory = Memory()
    assert is_sound(memory)
    for one, other in combinations(range(WORD_BITS), 2):
        pairs = {(word >> one & 1, word >> other & 1) for word in memory.written}
        assert len(pairs) == 4


def test_absent():
    assert not is_sound(Absent())


def test_memory_that_keeps_the_last_tests_words_but_ignores_writes():
    memory = Memory()
    assert is_sound(memory)
    memory.write = lambda place, word: None
    assert not is_sound(memory)


def test_the_very_last_word():
    memory = Memory()
    assert is_sound(memory)
    reads = len(memory.written)
    assert is_sound(Failing(sound=reads))
    assert not is_sound(Failing(sound=reads - 1))


@pytest.mark.parametrize("bit", range(WORD_BITS))
def test_data_line_that_is_stuck(bit):
    assert not is_sound(Memory(word=lambda word: word | 1 << bit))
    assert not is_sound(Memory(word=lambda word: word & ~(1 << bit)))


@pytest.mark.parametrize("bit", range(GEOMETRY.burst_bits + 3))
def test_address_line_that_is_stuck(bit):
    assert not is_sound(Memory(place=lambda place: place | 1 << bit))
    assert not is_sound(Memory(place=lambda place: place & ~(1 << bit)))


@pytest.mark.parametrize("bit", range(GEOMETRY.burst_bits + 2))
def test_address_lines_that_touch(bit):
    def joined(place):
        both = 3 << bit
        return place | both if place & both else place

    assert not is_sound(Memory(place=joined))


@pytest.mark.parametrize("bit", range(WORD_BITS - 1))
def test_data_lines_that_touch(bit):
    both = 3 << bit
    assert not is_sound(Memory(word=lambda word: word | both if word & both else word))
