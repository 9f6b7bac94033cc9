"""The way back to memory: beats of the requantizer in, pooled or not, words with addresses out."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib.delay import delay
from ..program import Program
from ..tables import Tables, context_layout
from .pool import MaxPool

STORE_FIELDS = {
    "row": ["write_address", "keep_address", "pool_begins", "pool_completes"],
    "layer": [
        "last_column",
        "pool",
        "pool_pairs",
        "pool_padded",
        "pool_overhangs",
        "last_pool_beat",
        "pool_base",
        "store",
        "keep",
    ],
}


class Store(wiring.Component):
    """Writes the words of each row operation, pooled or not, from the row's address on.

    Pooled beats pass the pool; other beats wait as long, so rows of either kind follow each other
    without a gap. Channels that a word lacks are zero.

    Parameters
        program, tables: the program and its tables
    Members
        valid, values: in, a beat of the requantizer; the low 8 bits of each value are used
        word_end, row_end: in, the beat is the last one of a word, of a row
        context: stream in, one entry per row operation that makes no scores, valid from the first
            beat of the row on
        data: out, a word
        pooled: out, the word comes from the pool
        store, store_address: out, writes the word to the activation memory
        keep, keep_address: out, writes the word to the skip memory
    Latency
        `latency(program)` cycles from the last beat of a word to its write
    Throughput
        one beat a cycle
    """

    WORD_CYCLES = 1
    """Cycles from the last beat of a word, pooled or not, to the word."""

    def __init__(self, program: Program, tables: Tables):
        self._program = program
        self._pooled = program.pool_beats > 0
        self.word = data.ArrayLayout(unsigned(8), program.array.ci)
        super().__init__(
            {
                "valid": In(1),
                "values": In(data.ArrayLayout(unsigned(16), program.requantizer_lanes)),
                "word_end": In(1),
                "row_end": In(1),
                "context": In(stream.Signature(context_layout(tables, STORE_FIELDS))),
                "data": Out(self.word),
                "pooled": Out(1),
                "store": Out(1),
                "store_address": Out(tables.activation_bits),
                "keep": Out(1),
                "keep_address": Out(max(1, (program.skip_words - 1).bit_length())),
            }
        )

    @staticmethod
    def latency(program: Program) -> int:
        """Cycles from the last beat of a word to its write."""
        return (MaxPool.LATENCY if program.pool_beats else 0) + Store.WORD_CYCLES

    def elaborate(self, platform):
        m = Module()
        context, wait = self.context.payload, MaxPool.LATENCY if self._pooled else 0
        row_start = Signal(init=1)
        m.d.comb += self.context.ready.eq(self.valid & self.row_end)
        with m.If(self.valid):
            m.d.sync += row_start.eq(self.row_end)
        valid, pooled, beat, word_end = self._build_beats(m, wait, row_start)
        self._build_word(m, valid, beat, word_end)

        # Addresses count up from the row's address.
        started = delay(m, self.valid & row_start, wait, reset_less=False)
        ended, row = Signal(), Signal(context.shape())
        count, number = (Signal(self.store_address.shape()) for _ in range(2))
        m.d.comb += [
            ended.eq(valid & word_end),
            row.eq(delay(m, context, wait)),
            number.eq(Mux(started, 0, count)),
        ]
        m.d.sync += [
            count.eq(number + ended),
            self.pooled.eq(ended & pooled),
            self.store.eq(ended & row.store),
            self.store_address.eq(row.write_address + number),
            self.keep.eq(ended & row.keep),
            self.keep_address.eq(row.keep_address + number),
        ]
        return m

    def _build_beats(self, m, wait: int, row_start):
        """The beats of the input, through the pool or `wait` cycles late."""
        context = self.context.payload
        values = Signal(data.ArrayLayout(unsigned(8), self._program.requantizer_lanes))
        beat, word_end = Signal(values.shape()), Signal()
        valid, pooled = Signal(), Signal()
        passing = self.valid & ~context.pool
        m.d.comb += [
            *(values[lane].eq(value) for lane, value in enumerate(self.values)),
            valid.eq(pooled | delay(m, passing, wait, reset_less=False)),
            beat.eq(delay(m, values, wait)),
            word_end.eq(delay(m, self.word_end, wait)),
        ]
        if self._pooled:
            maximum = self._build_pool(m, values, row_start)
            m.d.comb += pooled.eq(maximum.valid)
            with m.If(pooled):
                m.d.comb += [beat.eq(maximum.payload.beat), word_end.eq(maximum.payload.tag)]
        return valid, pooled, beat, word_end

    def _build_pool(self, m, values, row_start):
        """The pool; the tag of its beats is `word_end`. Returns its output stream."""
        program, context = self._program, self.context.payload
        m.submodules.pool = pool = MaxPool(
            program.requantizer_lanes,
            program.pool_pixel_beats,
            max(layer.columns for layer in program.layers if layer.pool),
            program.pool_beats,
        )
        row = pool.i.payload.row
        m.d.comb += [
            pool.i.valid.eq(self.valid & context.pool),
            pool.i.payload.beat.eq(values),
            pool.i.payload.tag.eq(self.word_end),
            pool.i.payload.first.eq(row_start),
            row.last_beat.eq(context.last_pool_beat),
            row.last_column.eq(context.last_column),
            row.pairs.eq(context.pool_pairs),
            row.padded.eq(context.pool_padded),
            row.overhangs.eq(context.pool_overhangs),
            row.begins.eq(context.pool_begins),
            row.completes.eq(context.pool_completes),
            row.base.eq(context.pool_base),
        ]
        return pool.o

    def _build_word(self, m, valid, beat, word_end):
        """Collects beats to a word: the parts before stay, the parts behind become zero."""
        lanes, ci = self._program.requantizer_lanes, self._program.array.ci
        part = Signal(range(ci // lanes))
        word = Signal(self.word, reset_less=True)
        m.d.comb += self.data.eq(word)
        with m.If(valid):
            m.d.sync += part.eq(Mux(word_end, 0, part + 1))
        for channel in range(ci):
            with m.If(part == channel // lanes):
                m.d.sync += word[channel].eq(beat[channel % lanes])
            with m.Elif(part.matches(*range(channel // lanes))):
                m.d.sync += word[channel].eq(0)
