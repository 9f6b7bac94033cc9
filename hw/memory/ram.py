"""Words that are written while others are read."""

from amaranth.hdl import Module, Shape, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..lib import routing
from ..lib.delay import delay
from .rom import BANK_WORDS

DISTRIBUTED = {"ram_style": "distributed"}
DISTRIBUTED_BITS = 8
"""Bits of such a memory that share the registers of their addresses."""

DISTRIBUTED_WORDS = 64
"""A deeper one would choose among its words for too large a part of a cycle."""

GATHERED = 4
"""Of so many memories one is chosen in much less than a cycle."""

DEEP_WORDS = 2048
"""In a bank of so many, nine bits wide, a word of 128 bits wastes least."""

CELLS_PER_BLOCK = 128
"""So many cells of distributed RAM, 16 words of 4 bits each, are cheaper than a block RAM."""

CELLS_LEFT = 320
"""So many, for the words left over from whole banks, are worth the blocks that they spare."""


class Ram(wiring.Component):
    """`data` = the word at `address`, `LATENCY` cycles later; one word a cycle in, one out.

    A word can be read from `WRITE_LATENCY` cycles after its `write` on. What is read of a word in
    the cycle before that must not matter.

    Banks of block RAM, and of distributed RAM for a few words, or those beyond the last whole bank;
    see `banks`.
    """

    LATENCY = 2
    WRITE_LATENCY = 2

    def __init__(self, layout, words: int, gather: bool = False):
        """With ``gather`` a word comes a cycle later, for those who can wait: see `ShallowRam`."""
        self._words, self._bits, self._gather = words, Shape.cast(layout).width, gather
        super().__init__(memory_ports(layout, words))

    def elaborate(self, platform):
        m = Module()
        found = banks(self._words, self._bits)
        outputs, start, bank = [], 0, Signal(range(len(found)))
        address = delay(m, self.address, self.LATENCY - 1)
        for n, (depth, shallow) in enumerate(found):
            write = self.write & _within(self.write_address, start, depth)
            memory = (
                ShallowRam(self._bits, depth, self._gather)
                if shallow
                else BlockRam(self._bits, depth)
            )
            m.submodules[f"{'shallow' if shallow else 'bank'}{n}"] = memory
            later = 0 if shallow else 1  # for a bank may be far; the other has its own registers
            m.d.comb += [
                memory.address.eq(self.address),
                memory.write.eq(delay(m, write, later, reset_less=False)),
                memory.write_address.eq(delay(m, self.write_address, later)),
                memory.write_data.eq(delay(m, Value.cast(self.write_data), later)),
            ]
            outputs.append(delay(m, memory.data, self._gather and not shallow))
            with m.If(_within(address, start, depth)):
                m.d.comb += bank.eq(n)
            start += depth
        m.d.comb += self.data.eq(routing.choose(m, outputs, delay(m, bank, self._gather)))
        return m


class BlockRam(wiring.Component):
    """`data` = the word at `address`, two cycles later; one word a cycle in, one out.

    A word can be read from the cycle after its `write` on. What is read of a word in the cycle in
    which it is written must not matter. There is a register at the way out.
    """

    def __init__(self, layout, words: int):
        self._layout, self._words = layout, words
        super().__init__(memory_ports(layout, words))

    def elaborate(self, platform):
        m = Module()
        m.submodules.bank = memory = Memory(shape=self._layout, depth=self._words, init=[])
        read, port = memory.read_port(), memory.write_port()
        m.d.comb += [
            read.addr.eq(self.address),
            self.data.eq(delay(m, read.data, 1)),
            port.en.eq(self.write),
            port.addr.eq(self.write_address),
            port.data.eq(self.write_data),
        ]
        return m


class ShallowRam(wiring.Component):
    """The same as `BlockRam`, made of LUTs.

    Memories of `DISTRIBUTED_WORDS` words, each with a register at its way out. With ``gather``
    there is a register more for every `GATHERED` of them, so that one among many, which take much
    of the die, is chosen in two steps.
    """

    def __init__(self, layout, words: int, gather: bool = False):
        self._bits, self._words, self._gather = Shape.cast(layout).width, words, gather
        super().__init__(memory_ports(layout, words))

    def elaborate(self, platform):
        m = Module()
        size, outputs = GATHERED * DISTRIBUTED_WORDS, []
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
        number = delay(m, self.address // DISTRIBUTED_WORDS, 1)
        if self._gather:
            gathered = [outputs[part] for part in routing.slices(len(outputs), GATHERED)]
            outputs = [delay(m, routing.choose(m, few, number), 1) for few in gathered]
            number = delay(m, number // GATHERED, 1)
        m.d.comb += Value.cast(self.data).eq(routing.choose(m, outputs, number))
        return m


class DistributedRam(wiring.Component):
    """Some memories of `DISTRIBUTED_WORDS` words each, written as one, all read at once.

    `data[n]` = the word at `address` in memory n, a cycle later: there is no register at the way
    out. Whatever goes in passes through registers, some for each `DISTRIBUTED_BITS` of a word: it
    may be far, and such a memory spreads over many tiles. Which one is written is told behind them.
    """

    def __init__(self, layout, words: int):
        self._bits = Shape.cast(layout).width
        self._memories = routing.slices(words, DISTRIBUTED_WORDS)
        data = ArrayLayout(layout, len(self._memories))
        super().__init__(memory_ports(layout, words) | {"data": Out(data)})

    def elaborate(self, platform):
        m = Module()
        for part in routing.slices(self._bits, DISTRIBUTED_BITS):
            address, write_address = (
                routing.copy(m, value) for value in (self.address, self.write_address)
            )
            write = routing.copy(m, self.write, reset_less=False)
            write_data = delay(m, Value.cast(self.write_data)[part], 1)
            for number, words in enumerate(self._memories):
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
                    port.en.eq(write & (write_address // DISTRIBUTED_WORDS == number)),
                    port.addr.eq(write_address),
                    port.data.eq(write_data),
                ]
        return m


def memory_ports(layout, words: int) -> dict[str, wiring.Member]:
    """The ports of every memory here."""
    return {
        "address": In(range(words)),
        "data": Out(layout),
        "write": In(1),
        "write_address": In(range(words)),
        "write_data": In(layout),
    }


def _within(address, start: int, depth: int):
    """Whether the address lies in a bank; all but the last are whole `BANK_WORDS`."""
    first, bank = start // BANK_WORDS, address // BANK_WORDS
    below_end = bank < first + -(-depth // BANK_WORDS)
    return (bank >= first) & below_end if first else below_end


def banks(words: int, bits: int) -> list[tuple[int, bool]]:
    """The words of each bank, and whether it is shallow."""
    if is_distributed(words, bits):
        return [(words, True)] * (words > 0)
    found = []
    for size in (DEEP_WORDS, BANK_WORDS):
        whole, words = divmod(words, size)
        found += [(size, False)] * whole
        if found and words and cells(words, bits) <= CELLS_LEFT:
            return [*found, (words, True)]
    return found + [(words, False)] * (words > 0)


def is_distributed(words: int, bits: int) -> bool:
    """Whether a memory by itself is put into distributed RAM for the block RAMs that it spares."""
    blocks = -(-words // BANK_WORDS) * -(-bits // 36)
    return cells(words, bits) <= CELLS_PER_BLOCK * blocks


def cells(words: int, bits: int) -> int:
    """Of distributed RAM that hold so many words."""
    return -(-words // 16) * -(-bits // 4)


def style(words: int, bits: int) -> dict[str, str]:
    """The attributes of such a memory."""
    return DISTRIBUTED if is_distributed(words, bits) else {}
