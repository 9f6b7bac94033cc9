"""A streamed classifier's weights: words of 16 bits in, lane pairs' weights into the ROM's tail."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib.countdown import Countdown
from ..lib.delay import delay
from ..program import STREAM_WORD_BITS, ArrayShape, HeadGeometry
from .class_block import ClassBlock
from .mac_lanes import WeightWord
from .weight_rom import WeightRom, fill_layout


class HeadLoader(wiring.Component):
    """Puts the weight words of a streamed classifier together and writes them into the slots.

    A weight word comes as the exponents of all its lanes, lowest lane lowest, filled up to whole
    words, then its nibbles, lane by lane. A block is `head.words` of them, filled up to
    `head.stream_words`. The reader is asked for a block with `block_wanted` whenever a slot is free
    that no block has begun to fill, as seen from its second word on; then its words come on `i`, at
    most one a cycle.

    The next block can be used from `LATENCY` cycles after the last of its words on, or, if it is
    not the only one, from the cycle after the one before was given back with `block_taken`:
    `block_valid` tells a cycle before that there is one, `next_block_valid` that there are two.
    `fill` writes lane pair after lane pair's part of a word.
    """

    LATENCY = 2 + WeightRom.FILL_CYCLES

    def __init__(self, head: HeadGeometry, array: ArrayShape, exponent_bits: int):
        self.head, self._array, self._exponent_bits = head, array, exponent_bits
        super().__init__(
            {
                "i": In(stream.Signature(STREAM_WORD_BITS, always_ready=True)),
                "block_wanted": Out(1),
                "block_valid": Out(1),
                "next_block_valid": Out(1),
                "block_taken": In(1),
                "fill": Out(fill_layout(WeightWord(array.ci, array.co, exponent_bits), head.end)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        head, array = self.head, self._array
        valid, word = delay(m, self.i.valid, 1, reset_less=False), delay(m, self.i.payload, 1)
        first, last = Signal(), Signal()  # word of the block
        self._count_slots(m, first, last)
        block = Countdown(range(head.stream_words), init=head.stream_words - 1)
        at_first = Signal(init=1)
        m.d.comb += [first.eq(valid & at_first), last.eq(valid & block.last)]
        with m.If(valid):
            m.d.sync += [block.step(), at_first.eq(block.last)]
        with m.If(last):
            m.d.sync += block.load(head.stream_words - 1)

        # Exponents of all pairs are kept until the pair's nibbles come.
        size = ClassBlock(head.words, array, self._exponent_bits).exponent_words
        pair_bits, pieces = 2 * self._exponent_bits, array.ci // 2
        exponents = Signal(size * STREAM_WORD_BITS, reset_less=True)
        pairs = array.co // 2
        prefix = Countdown(range(size + 1), init=size)  # exponents before the nibbles of a word
        piece = Countdown(range(pieces), init=pieces - 1)
        pair, last_pair = Signal(range(pairs)), Signal(init=pairs == 1)
        words = Countdown(range(head.words + 1), init=head.words)
        complete, filled = prefix.last, words.last  # the exponents, the block
        address = Signal(range(head.end), init=head.base)
        nibbles, whole, word_end = Signal(), Signal(), Signal()
        m.d.comb += [
            nibbles.eq(valid & complete),
            whole.eq(nibbles & piece.last & ~filled),
            word_end.eq(whole & last_pair),
        ]
        m.d.sync += [
            self.fill.valid.eq(nibbles),
            self.fill.nibbles.eq(word),
            self.fill.last.eq(whole),
            self.fill.exponents.eq(exponents[:pair_bits]),
            self.fill.pair.eq(pair),
            self.fill.address.eq(address),
        ]
        with m.If(valid & ~complete):
            m.d.sync += [
                prefix.step(),
                exponents.eq(Cat(exponents, word)[STREAM_WORD_BITS:]),
            ]
        with m.If(nibbles):
            m.d.sync += piece.step()
        with m.If(nibbles & piece.last):
            m.d.sync += piece.load(pieces - 1)
        with m.If(whole):
            m.d.sync += [
                exponents.eq(exponents >> pair_bits),
                pair.eq(Mux(last_pair, 0, pair + 1)),
                last_pair.eq(pair == (pairs - 2) % pairs),
            ]
        with m.If(word_end):
            m.d.sync += [
                prefix.load(size),
                words.step(),
                address.eq(Mux(address == head.end - 1, head.base, address + 1)),
            ]
        with m.If(last):
            m.d.sync += [prefix.load(size), piece.load(pieces - 1), words.load(head.words)]
        return m

    def _count_slots(self, m, first, last):
        """Slots that no block has begun to fill, and slots that are full."""
        slots = self.head.slots
        free, full = Signal(range(slots + 1), init=slots), Signal(range(slots + 1))
        loaded = delay(m, last, WeightRom.FILL_CYCLES - 1, reset_less=False)
        m.d.sync += [
            free.eq(free - first + self.block_taken),
            full.eq(full + loaded - self.block_taken),
        ]
        m.d.comb += [
            self.block_wanted.eq(free != 0),
            self.block_valid.eq(full != 0),
            self.next_block_valid.eq(full > 1),
        ]
