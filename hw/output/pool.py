"""Max pooling, 3x3 with stride 2 in ceil mode, of rows that stream in word by word."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .running_maximum import Place, RunningMaximum


class PoolRow(data.StructLayout):
    """A row of the pool's input: its shape, its place in the frame, and its partial maxima."""

    def __init__(self, words: int, width: int, partial_words: int):
        super().__init__(
            {
                "last_word": range(words),  # of a pixel
                "last_column": range(width),
                "first_row": 1,  # row 0 of the frame
                "odd_row": 1,  # row 1, 3, ... of the frame
                "last_row": 1,
                "base": range(partial_words),  # address of the first partial maximum
            }
        )


class MaxPool(wiring.Component):
    """`o` = the maximum over 3x3 pixels, stride 2, ceil mode, of the rows on `i`.

    Two running maxima in series: over the columns of a row, then over the rows. Rows of several
    layers may alternate; each layer has its own `width // 2 * words` words of the partial memory,
    from `base` on. Even rows but the first, and the last row, complete a row of `width // 2` pixels
    on `o`. Maps have at least two rows and two columns.

    Parameters
        channels: of a word
        words: the most words of a pixel
        width: the most pixels of a row
        partial_words: words of the partial memory
        tag: shape of `tag`
    Members
        i: stream in, `word` (8 bits per channel), `tag`; `first` marks the first word of a row;
            `row` describes the row and stays the same for all its words
        o: stream out, `word`, and the `tag` of the word that completes it
    Latency
        `LATENCY` cycles from the word on `i` that completes a maximum to `o`
    Throughput
        one word a cycle
    """

    LATENCY = 2 * RunningMaximum.LATENCY

    def __init__(self, channels: int, words: int, width: int, partial_words: int, tag=1):
        self._words, self._width = words, width
        self._row = PoolRow(words, width, partial_words)
        self._down = RunningMaximum(channels, partial_words, tag)
        vertical = {"address": range(partial_words), "place": Place, "tag": tag}
        self._across = RunningMaximum(channels, words, data.StructLayout(vertical))
        word = self._down.word
        beat = {"word": word, "first": 1, "row": self._row, "tag": tag}
        maximum = {"word": word, "tag": tag}
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout(beat), always_ready=True)),
                "o": Out(stream.Signature(data.StructLayout(maximum), always_ready=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.horizontal = across = self._across
        m.submodules.vertical = down = self._down
        row, i = self.i.payload.row, across.i.payload
        word, place = self._build_place(m, row)
        partial = self._build_partial_address(m, row, place)
        m.d.comb += [
            across.i.valid.eq(self.i.valid),
            i.word.eq(self.i.payload.word),
            i.address.eq(word),
            i.place.eq(place),
            i.tag.tag.eq(self.i.payload.tag),
            i.tag.address.eq(partial),
            i.tag.place.first.eq(row.first_row),
            i.tag.place.odd.eq(row.odd_row),
            i.tag.place.last.eq(row.last_row),
            down.i.valid.eq(across.o.valid),
            down.i.payload.word.eq(across.o.payload.word),
            down.i.payload.tag.eq(across.o.payload.tag.tag),
            down.i.payload.address.eq(across.o.payload.tag.address),
            down.i.payload.place.eq(across.o.payload.tag.place),
            self.o.valid.eq(down.o.valid),
            self.o.payload.eq(down.o.payload),
        ]
        return m

    def _build_place(self, m, row):
        """The number of the word on `i` in its pixel, and the place of the pixel in its row."""
        word, column = Signal(range(self._words)), Signal(range(self._width))
        first, last = Signal(init=1), Signal()
        last_word = word == row.last_word
        with m.If(self.i.valid):
            m.d.sync += word.eq(Mux(last_word, 0, word + 1))
            with m.If(last_word):
                m.d.sync += [
                    column.eq(Mux(last, 0, column + 1)),
                    first.eq(last),
                    last.eq(column + 1 == row.last_column),
                ]
        place = Signal(Place)
        m.d.comb += [place.first.eq(first), place.odd.eq(column[0]), place.last.eq(last)]
        return word, place

    def _build_partial_address(self, m, row, place):
        """The address in the partial memory of the maximum that the word on `i` belongs to."""
        address, following = Signal.like(row.base), Signal.like(row.base)
        m.d.comb += address.eq(Mux(self.i.payload.first, row.base, following))
        with m.If(self.i.valid):
            m.d.sync += following.eq(address + place.completes)
        return address
