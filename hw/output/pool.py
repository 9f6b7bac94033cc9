"""Max pooling, 2x2 or 3x3 with stride 2, of rows that stream in beat by beat."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .running_maximum import Place, RunningMaximum


class PoolRow(data.StructLayout):
    """A row of the pool's input: its shape, its windows, and its partial maxima.

    `pairs`, `padded` and `overhangs` are the windows along the row, see `PoolGeometry`.
    """

    def __init__(self, beats: int, width: int, partial_beats: int):
        super().__init__(
            {
                "last_beat": range(beats),  # of a pixel
                "last_column": range(width),
                "pairs": 1,  # the windows are 2x2, not 3x3
                "padded": 1,
                "overhangs": 1,
                "begins": 1,  # the row is the first one of a window
                "completes": 1,  # the row is the last one of a window
                "base": range(partial_beats),  # address of the first partial maximum
            }
        )


class MaxPool(wiring.Component):
    """`o` = the maximum of each window of 2x2 or 3x3 pixels, stride 2, of the rows on `i`.

    Two running maxima in series: over the columns of a row, then over the rows. Rows of several
    layers may alternate; from `base` on, each layer has its own beats of the partial memory, those
    of a row on `o`. A row that `completes` windows sends such a row. Maps have at least two rows
    and two columns.

    Parameters
        channels: of a beat
        beats: the most beats of a pixel
        width: the most pixels of a row
        partial_beats: beats of the partial memory
        tag: shape of `tag`
    Members
        i: stream in, `beat` (8 bits per channel), `tag`; `first` marks the first beat of a row;
            `row` describes the row and stays the same for all its beats
        o: stream out, `beat`, and the `tag` of the beat that completes it
    Latency
        `LATENCY` cycles from the beat on `i` that completes a maximum to `o`
    Throughput
        one beat a cycle
    """

    LATENCY = 2 * RunningMaximum.LATENCY

    def __init__(self, channels: int, beats: int, width: int, partial_beats: int, tag=1):
        self._beats, self._width = beats, width
        self._row = PoolRow(beats, width, partial_beats)
        self._down = RunningMaximum(channels, partial_beats, tag)
        vertical = {"address": range(partial_beats), "place": Place, "tag": tag}
        self._across = RunningMaximum(channels, beats, data.StructLayout(vertical))
        beat = self._down.beat
        value = {"beat": beat, "first": 1, "row": self._row, "tag": tag}
        maximum = {"beat": beat, "tag": tag}
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout(value), always_ready=True)),
                "o": Out(stream.Signature(data.StructLayout(maximum), always_ready=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.horizontal = across = self._across
        m.submodules.vertical = down = self._down
        row, i = self.i.payload.row, across.i.payload
        beat, place = self._build_place(m, row)
        partial = self._build_partial_address(m, row, place)
        m.d.comb += [
            across.i.valid.eq(self.i.valid),
            i.beat.eq(self.i.payload.beat),
            i.address.eq(beat),
            i.place.eq(place),
            i.tag.tag.eq(self.i.payload.tag),
            i.tag.address.eq(partial),
            i.tag.place.eq(_place(row.pairs, row.begins, row.completes)),
            down.i.valid.eq(across.o.valid),
            down.i.payload.beat.eq(across.o.payload.beat),
            down.i.payload.tag.eq(across.o.payload.tag.tag),
            down.i.payload.address.eq(across.o.payload.tag.address),
            down.i.payload.place.eq(across.o.payload.tag.place),
            self.o.valid.eq(down.o.valid),
            self.o.payload.eq(down.o.payload),
        ]
        return m

    def _build_place(self, m, row):
        """The number of the beat on `i` in its pixel, and the place of the pixel in its row.

        Windows begin at even columns, or at odd ones and the first if they are padded. The next
        column completes a window of two, the one after that a window of three.
        """
        beat, column = Signal(range(self._beats)), Signal(range(self._width))
        first, last = Signal(init=1), Signal()
        last_beat = beat == row.last_beat
        with m.If(self.i.valid):
            m.d.sync += beat.eq(Mux(last_beat, 0, beat + 1))
            with m.If(last_beat):
                m.d.sync += [
                    column.eq(Mux(last, 0, column + 1)),
                    first.eq(last),
                    last.eq(column + 1 == row.last_column),
                ]
        regular = column[0] == row.padded
        completes = Mux(regular ^ row.pairs, row.pairs | ~first, row.overhangs & last)
        place = Signal(Place)
        m.d.comb += place.eq(_place(row.pairs, regular | first, completes))
        return beat, place

    def _build_partial_address(self, m, row, place):
        """The address in the partial memory of the maximum that the beat on `i` belongs to."""
        address, following = Signal.like(row.base), Signal.like(row.base)
        m.d.comb += address.eq(Mux(self.i.payload.first, row.base, following))
        with m.If(self.i.valid):
            m.d.sync += following.eq(address + place.completes)
        return address


def _place(pairs, begins, completes):
    """A place as a constant or signal of shape `Place`.

    A window of two that begins and ends in one place is that place alone; a window of three is
    never so short.
    """
    return Cat(begins, completes, pairs & begins & completes)
