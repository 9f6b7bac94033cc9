"""Words of block RAM, as deep as need be, one a cycle."""

from amaranth.hdl import Cat, Module, Shape, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .delay import delay

BANK_WORDS = 512
"""A block RAM's words where it is widest."""

WRITE_BITS = 9
"""Bits of a block RAM that are written together."""


class Rom(wiring.Component):
    """`word` = the word at `address`, `LATENCY` cycles later; one word a cycle.

    A cycle each for reading, for the way out of the block RAMs, which takes most of one, and for
    the multiplexer between banks. Banks stand side by side in one memory that is `BANK_WORDS` deep,
    so that no bit of a block RAM is lost at a bank's edge.

    A `depth` beyond the constant words leaves room for others, all of them in the last bank: then
    there is `write`, whose `word` can be read from the cycle after on. That bank starts with a
    block RAM's unit of writing, so that the banks before it remain as they are.
    """

    LATENCY = 3

    def __init__(self, layout, words: tuple[int, ...], depth: int | None = None):
        self._words, self._depth = words, depth or len(words)
        ports = {"address": In(range(self._depth)), "word": Out(layout)}
        if self._depth > len(words):
            write = {"enable": Out(1), "address": Out(range(self._depth)), "word": Out(layout)}
            ports["write"] = In(wiring.Signature(write))
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        bits, unit = Shape.cast(self.word.shape()).width, WRITE_BITS if self._spare else 1
        rows = min(BANK_WORDS, self._depth)
        banks = [self._words[first : first + rows] for first in range(0, self._depth, rows)]
        starts = [bits * number for number in range(len(banks))]
        starts[-1] = -(-starts[-1] // unit) * unit
        width = -(-(starts[-1] + bits) // unit) * unit
        init = [
            sum(
                bank[n] << start for start, bank in zip(starts, banks, strict=True) if n < len(bank)
            )
            for n in range(rows)
        ]
        m.submodules.words = memory = Memory(shape=width, depth=rows, init=init)
        port = memory.read_port()
        chosen, word = Signal(range(len(banks))), Signal(bits, reset_less=True)
        read = delay(m, port.data, 1)
        m.d.comb += [
            port.addr.eq(self.address),
            chosen.eq(delay(m, self.address // BANK_WORDS, 2)),
            self.word.eq(word),
        ]
        choice = Cat(read[start : start + bits] for start in starts)
        m.d.sync += word.eq(choice.word_select(chosen, bits))
        if self._spare:
            write = memory.write_port(granularity=unit)
            m.d.comb += [
                write.addr.eq(self.write.address),
                write.data[starts[-1] :].eq(self.write.word),
                write.en[starts[-1] // unit :].eq(self.write.enable.replicate(len(write.en))),
            ]
        return m

    @property
    def _spare(self) -> int:
        return self._depth - len(self._words)
