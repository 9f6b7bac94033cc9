"""A ROM in block RAM, with room for words that are written later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from amaranth.hdl import Cat, Const, Module, Shape, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..lib import routing
from ..lib.delay import delay
from .block_ram import BANK_WORDS, BLOCK_RAM_MODES, WRITE_BITS

DEEP_MODES = (BLOCK_RAM_MODES[2], BLOCK_RAM_MODES[1])
"""The deeper shapes that waste no bit of a block RAM, the deepest first."""

NEAR_BLOCKS = 7
"""Block RAMs that share a local copy of the address."""


@dataclass(frozen=True)
class DeepPart:
    """A memory of the low `bits` of the words of `banks` banks, from bank `first` on."""

    first: int
    banks: int
    bits: int

    @property
    def words(self) -> int:
        """Words of the memory; the first one lies at a multiple of this number."""
        return self.banks * BANK_WORDS

    @property
    def block_bits(self) -> int:
        """Bits of a word that one block RAM holds."""
        return dict(BLOCK_RAM_MODES)[self.words]


class Rom(wiring.Component):
    """`word` = the word at `address`.

    Bits that fill whole block RAMs go into deep, narrow memories (see `deep_parts`), which need a
    quarter of the output wires. The other bits stay in banks of `BANK_WORDS` words; the banks stand
    side by side in one memory, so that no bit of a block RAM is lost between two banks. With seven
    banks::

                    low bits of a word    the other bits
        bank 0..3   deep memory           rest 0, rest 1, rest 2, rest 3
        bank 4, 5   deep memory           rest 4, rest 5
        bank 6                            rest 6, which is the whole word

        side by side: rest 0 | rest 1 | ... | rest 6

    With a `depth` beyond the constant words, `write` writes the words behind them, which all lie in
    the last bank. That bank starts at a unit of `WRITE_BITS` bits, so that a write leaves the banks
    beside it alone. Where this alignment would take another block RAM, the last bank shares its
    first unit with the bank before it. Every write then repeats that bank's bits, which a copy in
    distributed RAM holds.

    Parameters
        layout: shape of a word
        words: the constant words, as integers
        depth: number of addresses, by default that of the constant words
    Members
        address: in, the word to read
        word: out
        write: in (with spare words only), `enable`, `address`, `word`; an `address` of the cycle
            after the write reads the new word
    Latency
        `LATENCY` cycles from `address` to `word`: local copies of the address, block RAM, its
        output registers, the multiplexer between memories
    Throughput
        one word a cycle
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
        low = [Const(0, 0)] * banks  # for each bank, the output of its deep memory
        for part in deep_parts(banks, self._bits):
            data = self._build_deep(m, part, last=part.first + part.banks == banks)
            low[part.first : part.first + part.banks] = [data] * part.banks
        high = self._build_side_by_side(m, [len(data) for data in low])
        words = [Cat(*bank) for bank in zip(low, high, strict=True)]
        chosen = routing.choose(m, words, delay(m, self.address // BANK_WORDS, 2))
        m.d.comb += Value.cast(self.word).eq(delay(m, chosen, 1))
        return m

    def _build_deep(self, m, part: DeepPart, *, last: bool):
        """Builds a deep memory; only the `last` one has a write port. Returns its output, 3 cycles
        after the address."""
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
        """Builds the memory of the bits beyond the `low` ones of each bank.

        Returns an output per bank, 3 cycles after the address.
        """
        unit, rest = _unit(self._spare), [self._bits - bits for bits in low]
        starts = _starts(rest, unit)
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
        """The low `bits` of the row that `write` addresses, from distributed RAM."""
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


def rom_words(
    memories: Mapping[str, Sequence[int]], bits: int, count: int, depth: int
) -> list[int]:
    """The `count` constant words of a `Rom`, read from the rows of its memories, by their names.

    `bits` is the width of a word, `depth` the number of addresses.
    """
    banks = -(-depth // BANK_WORDS)
    low, words = [0] * banks, [0] * count
    for part in deep_parts(banks, bits):
        low[part.first : part.first + part.banks] = [part.bits] * part.banks
        start = part.first * BANK_WORDS
        for each in routing.slices(part.bits, NEAR_BLOCKS * part.block_bits):
            rows = memories[f"bank{part.first}_{each.start}"]
            for address in range(start, min(start + part.words, count)):
                words[address] |= rows[address - start] << each.start
    rest = [bits - each for each in low]
    starts = _starts(rest, _unit(depth - count))
    for address in range(count):
        bank, row = divmod(address, BANK_WORDS)
        if rest[bank]:
            high = memories["words"][row] >> starts[bank] & (1 << rest[bank]) - 1
            words[address] |= high << low[bank]
    return words


def _unit(spare: int) -> int:
    """Bits of a row that are written together."""
    return WRITE_BITS if spare else 1


def _starts(rest: list[int], unit: int) -> list[int]:
    """Where the bits of each bank begin in the rows of the memory side by side."""
    starts = [0, *accumulate(rest[:-1])]
    aligned = -(-starts[-1] // unit) * unit
    if _blocks(aligned + rest[-1]) == _blocks(sum(rest)):
        starts[-1] = aligned
    return starts


def _blocks(bits: int) -> int:
    """How many block RAMs hold `BANK_WORDS` words of `bits` bits."""
    return -(-bits // BLOCK_RAM_MODES[0][1])


def deep_parts(banks: int, bits: int) -> list[DeepPart]:
    """The deep memories of a ROM of `banks` banks, the deepest first.

    They take as many bits as fill whole block RAMs, so the ROM needs no more block RAMs than
    without them.
    """
    parts, first = [], 0
    for words, width in DEEP_MODES:
        span = words // BANK_WORDS
        while banks - first >= span:
            parts.append(DeepPart(first, span, bits // width * width))
            first += span
    return [part for part in parts if part.bits]
