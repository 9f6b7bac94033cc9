"""Requantized beats in, memory writes out: pooled if need be, put together to words, addressed."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib.delay import delay
from ..program import Program
from ..tables import Tables, context_layout
from .pool import MaxPool

STORE_FIELDS = {
    "row": ["write_address", "keep_address", "first", "odd", "last"],
    "layer": ["last_column", "pool", "last_pool_beat", "pool_base", "store", "keep"],
}


class Store(wiring.Component):
    """Writes each row operation's words, pooled or not, one after the other from its address on.

    `word_end` and `row_end` mark the last beat of a word and of a row; what a word lacks is zero.
    A word reaches memory `latency` cycles after its last beat, whether it is pooled or not: rows of
    either kind follow each other without a gap; `pooled` tells them apart. `context` brings one
    entry a row operation that is not the classifier's, at its first beat at the latest.
    """

    WORD_CYCLES = 1
    """From the last beat, pooled or not, to the whole word."""

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
        program, context = self._program, self.context.payload
        lanes, parts = program.requantizer_lanes, program.array.ci // program.requantizer_lanes

        # Beats pass through the pool, or wait as long.
        wait = MaxPool.LATENCY if self._pooled else 0
        entering = Signal(data.ArrayLayout(unsigned(8), lanes))
        passing = self.valid & ~context.pool
        opening = Signal(init=1)
        beat, word_end = Signal(entering.shape()), Signal()
        valid, pooled = Signal(), Signal()
        m.d.comb += [
            *(entering[lane].eq(self.values[lane]) for lane in range(lanes)),
            self.context.ready.eq(self.valid & self.row_end),
            valid.eq(pooled | delay(m, passing, wait, reset_less=False)),
            beat.eq(delay(m, entering, wait)),
            word_end.eq(delay(m, self.word_end, wait)),
        ]
        with m.If(self.valid):
            m.d.sync += opening.eq(self.row_end)
        if self._pooled:
            m.submodules.pool = pool = MaxPool(
                lanes,
                program.pool_row_beats,
                max(layer.columns for layer in program.layers if layer.pool),
                program.pool_beats,
            )
            row = pool.i.p.row
            m.d.comb += [
                pool.i.valid.eq(self.valid & context.pool),
                pool.i.p.word.eq(entering),
                pool.i.p.tag.eq(self.word_end),
                pool.i.p.first.eq(opening),
                row.last_word.eq(context.last_pool_beat),
                row.last_column.eq(context.last_column),
                row.first_row.eq(context.first),
                row.odd_row.eq(context.odd),
                row.last_row.eq(context.last),
                row.base.eq(context.pool_base),
                pooled.eq(pool.o.valid),
            ]
            with m.If(pooled):
                m.d.comb += [beat.eq(pool.o.p.word), word_end.eq(pool.o.p.tag)]

        # They become a word: what came before, the beat's values, zeros.
        part, ended = Signal(range(parts)), Signal()
        word = Signal(self.word, reset_less=True)
        m.d.comb += [ended.eq(valid & word_end), self.data.eq(word)]
        with m.If(valid):
            m.d.sync += part.eq(Mux(word_end, 0, part + 1))
        for lane in range(program.array.ci):
            with m.If(part == lane // lanes):
                m.d.sync += word[lane].eq(beat[lane % lanes])
            with m.Elif(part.matches(*range(lane // lanes))):
                m.d.sync += word[lane].eq(0)

        # Addresses count on from the row's own.
        opened = delay(m, self.valid & opening, wait, reset_less=False)
        place = Signal(context.shape())
        count, here = Signal(self.store_address.shape()), Signal(self.store_address.shape())
        m.d.comb += [place.eq(delay(m, context, wait)), here.eq(Mux(opened, 0, count))]
        m.d.sync += [
            count.eq(here + ended),
            self.pooled.eq(ended & pooled),
            self.store.eq(ended & place.store),
            self.store_address.eq(place.write_address + here),
            self.keep.eq(ended & place.keep),
            self.keep_address.eq(place.keep_address + here),
        ]
        return m
