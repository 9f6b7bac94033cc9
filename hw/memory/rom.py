"""Words of block RAM, as deep as need be, one a cycle."""

from dataclasses import dataclass
from itertools import accumulate

from amaranth.hdl import Cat, Const, Module, Shape, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..lib import routing
from ..lib.delay import delay

BLOCK_RAM_MODES = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))
"""Words of a block RAM, and their bits."""

BANK_WORDS = BLOCK_RAM_MODES[0][0]
"""A block RAM's words where it is widest."""

DEEP_MODES = (BLOCK_RAM_MODES[2], BLOCK_RAM_MODES[1])
"""Where it is deeper, without a bit lost."""

NEAR_BLOCKS = 7
"""Block RAMs that share the registers of their address: more would be too far from these."""

WRITE_BITS = 9
"""Bits of a block RAM that are written together."""


@dataclass(frozen=True)
class DeepPart:
    """A memory that holds the low `bits` of the words of some banks, from bank `first` on."""

    first: int
    banks: int
    bits: int

    @property
    def words(self) -> int:
        """How many words it holds, the first one at a multiple of that."""
        return self.banks * BANK_WORDS

    @property
    def block_bits(self) -> int:
        """Of a word in each block RAM."""
        return dict(BLOCK_RAM_MODES)[self.words]


class Rom(wiring.Component):
    """`word` = the word at `address`, `LATENCY` cycles later; one word a cycle.

    A cycle each for the way to the block RAMs, for reading, for their own registers, and for the
    way from there through the multiplexer between memories. Of a word as many bits as fill whole
    block RAMs stand in memories as deep as a block RAM can be, for what a shallow one holds takes
    four times the wires to bring out; see `deep_parts`. The other bits' banks, of `BANK_WORDS`
    each, stand side by side in one memory, so that no bit of a block RAM is lost at a bank's edge.

    A `depth` beyond the constant words leaves room for others, all of them in the last bank: then
    there is `write`, whose `word` can be read from the cycle after on. Side by side, that bank
    starts with a block RAM's unit of writing, so that the banks before it remain as they are; or,
    if that would take a block RAM more, what they have in its first unit is written anew with it.
    """

    LATENCY = 4

    def __init__(self, layout, words: tuple[int, ...], depth: int | None = None):
        self._words, self._depth = words, depth or len(words)
        self._bits = Shape.cast(layout).width
        ports = {"address": In(range(self._depth)), "word": Out(layout)}
        if self._spare:
            write = {"enable": Out(1), "address": Out(range(self._depth)), "word": Out(layout)}
            ports["write"] = In(wiring.Signature(write))
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        banks = -(-self._depth // BANK_WORDS)
        low = [Const(0, 0)] * banks  # of a word of each bank, the bits of a deep memory
        for part in deep_parts(banks, self._bits):
            data = self._build_deep(m, part, last=part.first + part.banks == banks)
            low[part.first : part.first + part.banks] = [data] * part.banks
        high = self._build_side_by_side(m, [len(data) for data in low])
        words = [Cat(*bank) for bank in zip(low, high, strict=True)]
        chosen = routing.choose(m, words, delay(m, self.address // BANK_WORDS, 2))
        m.d.comb += Value.cast(self.word).eq(delay(m, chosen, 1))
        return m

    def _build_deep(self, m, part: DeepPart, *, last: bool):
        """What a deep memory reads, three cycles later; the `last` one can be written."""
        start, found = part.first * BANK_WORDS, []
        for bits in routing.slices(part.bits, NEAR_BLOCKS * part.block_bits):
            size = bits.stop - bits.start
            init = [
                word >> bits.start & (1 << size) - 1
                for word in self._words[start : start + part.words]
            ]
            memory = Memory(shape=size, depth=part.words, init=init)
            m.submodules[f"bank{part.first}_{bits.start}"] = memory
            port = memory.read_port()
            m.d.comb += port.addr.eq(routing.copy(m, self.address))
            if self._spare and last:
                write = memory.write_port()
                m.d.comb += [
                    write.addr.eq(self.write.address),
                    write.data.eq(Value.cast(self.write.word)[bits]),
                    write.en.eq(self.write.enable),
                ]
            found.append(delay(m, port.data, 1))
        return Cat(*found)

    def _build_side_by_side(self, m, low: list[int]) -> list:
        """What is read of each bank beyond its `low` bits, three cycles later."""
        unit = WRITE_BITS if self._spare else 1
        rest = [self._bits - bits for bits in low]
        starts = [0, *accumulate(rest[:-1])]
        aligned = -(-starts[-1] // unit) * unit
        if _blocks(aligned + rest[-1]) == _blocks(sum(rest)):
            starts[-1] = aligned
        width = -(-(starts[-1] + rest[-1]) // unit) * unit
        if not width:
            return [Const(0, 0)] * len(low)
        rows = min(BANK_WORDS, self._depth)
        init = [0] * rows
        for address, word in enumerate(self._words):
            bank, row = divmod(address, BANK_WORDS)
            init[row] |= word >> low[bank] << starts[bank]
        m.submodules.words = memory = Memory(shape=width, depth=rows, init=init)
        port = memory.read_port()
        m.d.comb += port.addr.eq(routing.copy(m, self.address))
        if self._spare and rest[-1]:
            write = memory.write_port(granularity=unit)
            first, shared = divmod(starts[-1], unit)
            kept = self._kept(m, [row >> first * unit for row in init], shared)
            m.d.comb += [
                write.addr.eq(self.write.address),
                write.data[first * unit :].eq(Cat(kept, Value.cast(self.write.word)[low[-1] :])),
                write.en[first:].eq(self.write.enable.replicate(len(write.en) - first)),
            ]
        read = delay(m, port.data, 1)
        return [read[start : start + bits] for start, bits in zip(starts, rest, strict=True)]

    def _kept(self, m, rows: list[int], bits: int):
        """The low `bits` of the row that is written, without a block RAM."""
        if not bits:
            return Const(0, 0)
        written = {address % BANK_WORDS for address in range(len(self._words), self._depth)}
        init = [word % (1 << bits) if row in written else 0 for row, word in enumerate(rows)]
        m.submodules.kept = memory = Memory(shape=bits, depth=len(rows), init=init)
        port = memory.read_port(domain="comb")
        m.d.comb += port.addr.eq(self.write.address)
        return port.data

    @property
    def _spare(self) -> int:
        return self._depth - len(self._words)


def _blocks(bits: int) -> int:
    """Block RAMs for `BANK_WORDS` words of so many bits."""
    return -(-bits // BLOCK_RAM_MODES[0][1])


def deep_parts(banks: int, bits: int) -> list[DeepPart]:
    """The deep memories of so many banks, the deepest first, which need no block RAM more."""
    parts, first = [], 0
    for words, width in DEEP_MODES:
        span = words // BANK_WORDS
        while banks - first >= span:
            parts.append(DeepPart(first, span, bits // width * width))
            first += span
    return [part for part in parts if part.bits]
