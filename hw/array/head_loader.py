"""The loader of a streamed classifier: stream words in, writes to the weight ROM's tail out."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib.countdown import Countdown
from ..lib.delay import delay
from ..program import STREAM_WORD_BITS, ArrayShape, HeadGeometry
from .class_block import ClassBlock
from .weight_rom import WeightRom, fill_layout
from .weight_word import WeightWord


class HeadLoader(wiring.Component):
    """Writes the weight words of class blocks (see `ClassBlock`) into the slots, in turn.

    A slot is free until the first stream word of a block for it arrives, and again after
    `block_taken`. A block is ready from its last write until `block_taken`. The reader samples
    `block_wanted` at the second word of a block or later, and sends the next block.

    Parameters
        head: number and size of blocks and slots
        array, exponent_bits: define the weight word
    Members
        i: stream in, the stream words of a wanted block, at most one a cycle; it does not stall
        block_wanted: out, a slot is free
        block_valid: out, at least one block is ready
        next_block_valid: out, at least two are; both one cycle ahead of the first read
        block_taken: in, gives the oldest block's slot back
        fill: out, writes one lane pair's part of a weight word after the other
    Latency
        `LATENCY` cycles from the last stream word of a block to the first read of its weights
    Throughput
        one stream word a cycle
    """

    LATENCY = 2 + WeightRom.FILL_CYCLES

    def __init__(self, head: HeadGeometry, array: ArrayShape, exponent_bits: int):
        self._head, self._array, self._exponent_bits = head, array, exponent_bits
        self._prefix_words = ClassBlock(head.words, array, exponent_bits).exponent_words
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
        valid, word = delay(m, self.i.valid, 1, reset_less=False), delay(m, self.i.payload, 1)
        first, last = self._count_block(m, valid)
        self._count_slots(m, first, last)
        is_nibbles, pair_end, word_end = self._count_words(m, valid, last)
        m.d.sync += [
            self.fill.valid.eq(is_nibbles),
            self.fill.nibbles.eq(word),
            self.fill.last.eq(pair_end),
            self.fill.exponents.eq(self._build_exponents(m, valid & ~is_nibbles, pair_end, word)),
            self.fill.address.eq(self._count_addresses(m, word_end)),
        ]
        return m

    def _count_block(self, m, valid):
        """The first and the last stream word of a block."""
        block = Countdown(range(self._head.stream_words), init=self._head.stream_words - 1)
        at_first, first, last = Signal(init=1), Signal(), Signal()
        m.d.comb += [first.eq(valid & at_first), last.eq(valid & block.last)]
        with m.If(valid):
            m.d.sync += [block.step(), at_first.eq(block.last)]
        with m.If(last):
            m.d.sync += block.load(self._head.stream_words - 1)
        return first, last

    def _count_slots(self, m, first, last):
        """Free slots, and ready blocks."""
        slots = self._head.slots
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

    def _count_words(self, m, valid, block_end):
        """Which stream words hold nibbles, and which end a lane pair or a weight word."""
        pieces, pairs = self._array.ci // 2, self._array.co // 2
        prefix = Countdown(range(self._prefix_words + 1), init=self._prefix_words)  # exponents
        piece = Countdown(range(pieces), init=pieces - 1)  # of the nibbles of a lane pair
        pair, last_pair = Signal(range(pairs)), Signal(init=pairs == 1)
        words = Countdown(range(self._head.words + 1), init=self._head.words)
        is_nibbles, pair_end, word_end = Signal(), Signal(), Signal()
        m.d.comb += [
            is_nibbles.eq(valid & prefix.last),
            pair_end.eq(is_nibbles & piece.last & ~words.last),
            word_end.eq(pair_end & last_pair),
        ]
        m.d.sync += self.fill.pair.eq(pair)
        with m.If(valid & ~prefix.last):
            m.d.sync += prefix.step()
        with m.If(is_nibbles):
            m.d.sync += piece.step()
        with m.If(is_nibbles & piece.last):
            m.d.sync += piece.load(pieces - 1)
        with m.If(pair_end):
            m.d.sync += [
                pair.eq(Mux(last_pair, 0, pair + 1)),
                last_pair.eq(pair == (pairs - 2) % pairs),
            ]
        with m.If(word_end):
            m.d.sync += [prefix.load(self._prefix_words), words.step()]
        with m.If(block_end):
            m.d.sync += [
                prefix.load(self._prefix_words),
                piece.load(pieces - 1),
                words.load(self._head.words),
            ]
        return is_nibbles, pair_end, word_end

    def _build_exponents(self, m, is_exponents, pair_end, word):
        """The exponents of the current lane pair: a shift register keeps those of all pairs."""
        exponents = Signal(self._prefix_words * STREAM_WORD_BITS, reset_less=True)
        pair_bits = 2 * self._exponent_bits
        with m.If(is_exponents):
            m.d.sync += exponents.eq(Cat(exponents, word)[STREAM_WORD_BITS:])
        with m.If(pair_end):
            m.d.sync += exponents.eq(exponents >> pair_bits)
        return exponents[:pair_bits]

    def _count_addresses(self, m, word_end):
        """The address of the current weight word, through all slots, round and round."""
        head = self._head
        address = Signal(range(head.end), init=head.base)
        with m.If(word_end):
            m.d.sync += address.eq(Mux(address == head.end - 1, head.base, address + 1))
        return address
