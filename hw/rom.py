"""Constant words, as deep as need be, one a cycle."""

from amaranth.hdl import Module, Shape, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .delay import delay

BANK_WORDS = 512
"""A block RAM's words where it is widest."""


class Rom(wiring.Component):
    """`word` = the word at `address`, `LATENCY` cycles later; one word a cycle.

    A cycle each for reading, for the way out of the block RAMs, which takes most of one, and for
    the multiplexer between banks. Banks stand side by side in one memory that is `BANK_WORDS` deep,
    so that no bit of a block RAM is lost at a bank's edge.
    """

    LATENCY = 3

    def __init__(self, layout, words: tuple[int, ...]):
        self._words = words
        super().__init__({"address": In(range(len(words))), "word": Out(layout)})

    def elaborate(self, platform):
        m = Module()
        bits = Shape.cast(self.word.shape()).width
        depth = min(BANK_WORDS, len(self._words))
        banks = [self._words[first : first + depth] for first in range(0, len(self._words), depth)]
        rows = [
            sum(bank[n] << bits * number for number, bank in enumerate(banks) if n < len(bank))
            for n in range(depth)
        ]
        m.submodules.words = memory = Memory(shape=len(banks) * bits, depth=depth, init=rows)
        port = memory.read_port()
        chosen, word = Signal(range(len(banks))), Signal(bits, reset_less=True)
        m.d.comb += [
            port.addr.eq(self.address),
            chosen.eq(delay(m, self.address // BANK_WORDS, 2)),
            self.word.eq(word),
        ]
        m.d.sync += word.eq(delay(m, port.data, 1).word_select(chosen, bits))
        return m
