"""Requantized beats in, memory writes out: words are put together, pooled if need be, addressed."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .delay import delay
from .geometry import Program
from .pool import MaxPool
from .tables import Tables, context_layout

STORE_FIELDS = {
    "row": ["write_address", "keep_address", "first", "odd", "last"],
    "layer": ["last_column", "pool", "last_pool_word", "pool_base", "store", "keep"],
}


class Store(wiring.Component):
    """Writes each row operation's words, pooled or not, one after the other from its address on.

    `word_end` and `row_end` mark the last beat of a word and of a row; what a word lacks is zero.
    A word reaches memory `latency` cycles after its last beat, whether it is pooled or not: rows of
    either kind follow each other without a gap; `pooled` tells them apart. `context` brings one
    entry a row operation that is not the classifier's.
    """

    def __init__(self, program: Program, tables: Tables):
        self._program = program
        self._pooled = program.pool_words > 0
        self.word = data.ArrayLayout(unsigned(8), program.array.ci)
        self.pool_latency = MaxPool.latency if self._pooled else 0
        self.latency = 1 + self.pool_latency
        super().__init__(
            {
                "valid": In(1),
                "values": In(data.ArrayLayout(unsigned(16), program.lanes)),
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

    def elaborate(self, platform):
        m = Module()
        program, context = self._program, self.context.payload
        lanes, parts = program.lanes, program.array.ci // program.lanes

        # Beats become a word: what came before, the beat's values, zeros.
        part = Signal(range(parts))
        complete, word = Signal(self.word, reset_less=True), Signal(self.word)
        word_valid, row_end = Signal(), Signal()
        for lane in range(program.array.ci):
            with m.If(part == lane // lanes):
                m.d.comb += word[lane].eq(self.values[lane % lanes][:8])
            with m.Elif(part.matches(*range(lane // lanes + 1, parts))):
                m.d.comb += word[lane].eq(complete[lane])
        ended = self.valid & self.word_end
        m.d.sync += [complete.eq(word), word_valid.eq(ended), row_end.eq(ended & self.row_end)]
        with m.If(self.valid):
            m.d.sync += part.eq(Mux(self.word_end, 0, part + 1))

        # Words pass through the pool, or wait as long.
        wait = self.pool_latency
        opening = Signal(init=1)
        m.d.comb += self.data.eq(delay(m, complete, wait))
        if self._pooled:
            pool = MaxPool(
                program.array.ci,
                program.pool_row_words,
                max(layer.columns for layer in program.layers if layer.pool),
                program.pool_words,
            )
            m.submodules.pool = pool
            row = pool.i.p.row
            m.d.comb += [
                pool.i.valid.eq(word_valid & context.pool),
                pool.i.p.word.eq(complete),
                pool.i.p.first.eq(opening),
                row.last_word.eq(context.last_pool_word),
                row.last_column.eq(context.last_column),
                row.first_row.eq(context.first),
                row.odd_row.eq(context.odd),
                row.last_row.eq(context.last),
                row.base.eq(context.pool_base),
            ]
            m.d.comb += self.pooled.eq(pool.o.valid)
            with m.If(self.pooled):
                m.d.comb += self.data.eq(pool.o.payload)
        with m.If(word_valid):
            m.d.sync += opening.eq(row_end)
        m.d.comb += self.context.ready.eq(row_end)

        # Addresses count on from the row's own.
        written, place = Signal(), Signal(self.context.payload.shape())
        opened = delay(m, word_valid & opening, wait, reset_less=False)
        count, here = Signal(self.store_address.shape()), Signal(self.store_address.shape())
        m.d.comb += [
            place.eq(delay(m, context, wait)),
            written.eq(self.pooled | delay(m, word_valid & ~context.pool, wait, reset_less=False)),
            here.eq(Mux(opened, 0, count)),
            self.store.eq(written & place.store),
            self.store_address.eq(place.write_address + here),
            self.keep.eq(written & place.keep),
            self.keep_address.eq(place.keep_address + here),
        ]
        m.d.sync += count.eq(here + written)
        return m
