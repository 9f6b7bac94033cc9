"""Distributed RAM: memories made of LUTs, cheap where few words are needed."""

from amaranth.hdl import Module, Shape, Value
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Out

from ..lib import routing
from ..lib.delay import delay
from .block_ram import BANK_WORDS, memory_ports

CELL_WORDS, CELL_BITS = 16, 4
"""Words of a cell of distributed RAM, and bits per word."""

CELLS_PER_BLOCK = 128
"""A memory of at most this many cells costs less than a block RAM."""

SECTION_WORDS = 64
"""Words of a section of distributed RAM; a deeper one needs too much of a cycle for its read."""

SECTION_BITS = 8
"""Bits of distributed RAM that share local copies of the addresses."""

GATHERED_SECTIONS = 4
"""Sections that one multiplexer chooses from in much less than a cycle."""

DISTRIBUTED = {"ram_style": "distributed"}
"""The attributes of a memory that synthesis puts into distributed RAM."""


def cells(words: int, bits: int) -> int:
    """How many cells of distributed RAM hold `words` words of `bits` bits."""
    return -(-words // CELL_WORDS) * -(-bits // CELL_BITS)


def is_distributed(words: int, bits: int) -> bool:
    """Whether distributed RAM is the cheaper place for a memory that stands alone."""
    blocks = -(-words // BANK_WORDS) * -(-bits // 36)
    return cells(words, bits) <= CELLS_PER_BLOCK * blocks


def style(words: int, bits: int) -> dict[str, str]:
    """The attributes of a memory that goes to the cheaper place."""
    return DISTRIBUTED if is_distributed(words, bits) else {}


class ShallowRam(wiring.Component):
    """`data` = the word at `address`, from distributed RAM with output registers.

    It behaves like `BlockRam`. With `gather` it chooses among its sections in two cycles, because
    many sections spread over much of the die.

    Parameters
        layout, words: shape and number of the words
        gather: whether `data` comes one cycle later
    Members
        see `BlockRam`
    Latency
        `latency()` cycles from `address` to `data`, `LATENCY` without `gather`;
        `WRITE_LATENCY` cycles from a `write` to the first `address` that reads it
    Throughput
        one read and one write a cycle
    """

    LATENCY = 2
    WRITE_LATENCY = 1

    def __init__(self, layout, words: int, gather: bool = False):
        self._bits, self._words, self._gather = Shape.cast(layout).width, words, gather
        super().__init__(memory_ports(layout, words))

    def latency(self) -> int:
        """Cycles from `address` to `data`."""
        return self.LATENCY + self._gather

    def elaborate(self, platform):
        m = Module()
        size, outputs = GATHERED_SECTIONS * SECTION_WORDS, []
        for number, words in enumerate(routing.slices(self._words, size)):
            memory = DistributedRam(self._bits, words.stop - words.start)
            m.submodules[f"memories{number}"] = memory
            m.d.comb += [
                memory.address.eq(self.address),
                memory.write.eq(self.write & (self.write_address // size == number)),
                memory.write_address.eq(self.write_address),
                memory.write_data.eq(self.write_data),
            ]
            outputs += [delay(m, word, 1) for word in memory.data]
        number = delay(m, self.address // SECTION_WORDS, 1)
        if self._gather:
            gathered = [outputs[part] for part in routing.slices(len(outputs), GATHERED_SECTIONS)]
            outputs = [routing.delay(m, routing.choose(m, few, number), 1) for few in gathered]
            number = delay(m, number // GATHERED_SECTIONS, 1)
        m.d.comb += Value.cast(self.data).eq(routing.choose(m, outputs, number))
        return m


class DistributedRam(wiring.Component):
    """`data[n]` = the word at `address` in section n; all sections are read at once.

    A write goes to the section that `write_address` names. Every input passes one register, so
    that the cells, which spread over many tiles, may be far from its source.

    Members
        address: in, the word to read; a section ignores all but the low bits
        data: out, an array of one word per section of `SECTION_WORDS` words
        write: in, writes `write_data` to `write_address`
    Latency
        1 cycle from `address` to `data`, without an output register;
        1 cycle from a `write` to the first `address` that reads it
    Throughput
        one read and one write a cycle
    """

    def __init__(self, layout, words: int):
        self._bits = Shape.cast(layout).width
        self._sections = routing.slices(words, SECTION_WORDS)
        data = ArrayLayout(layout, len(self._sections))
        super().__init__(memory_ports(layout, words) | {"data": Out(data)})

    def elaborate(self, platform):
        m = Module()
        for part in routing.slices(self._bits, SECTION_BITS):
            address = routing.copy(m, self.address)
            write = routing.copy(m, self.write, reset_less=False)
            write_address = routing.copy(m, self.write_address)
            write_data = delay(m, Value.cast(self.write_data)[part], 1)
            for number, words in enumerate(self._sections):
                memory = Memory(
                    shape=part.stop - part.start,
                    depth=words.stop - words.start,
                    init=[],
                    attrs=DISTRIBUTED,
                )
                m.submodules[f"memory{part.start}_{words.start}"] = memory
                read, port = memory.read_port(domain="comb"), memory.write_port()
                m.d.comb += [
                    read.addr.eq(address),
                    Value.cast(self.data[number])[part].eq(read.data),
                    port.en.eq(write & (write_address // SECTION_WORDS == number)),
                    port.addr.eq(write_address),
                    port.data.eq(write_data),
                ]
        return m
