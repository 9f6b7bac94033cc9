"""3x3 max pooling with stride 2 in ceil mode, of rows that stream by word by word."""

from amaranth import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib import routing
from ..lib.delay import delay
from ..memory.ram import Ram


class PoolRow(data.StructLayout):
    """A row to be pooled: its shape, its place in the frame, and where its partial maxima lie."""

    def __init__(self, words: int, width: int, partial_words: int):
        super().__init__(
            {
                "last_word": range(words),
                "last_column": range(width),
                "first_row": 1,  # row 0 of its frame
                "odd_row": 1,  # row 1, 3, ... of its frame
                "last_row": 1,
                "base": range(partial_words),
            }
        )


class Place(data.Struct):
    """Where something stands along an axis that is pooled by three with stride two."""

    first: 1
    odd: 1
    last: 1

    @property
    def completes(self):
        """Three are together at 2, 4, 6, ...; an odd last one completes what there is."""
        return Mux(self.odd, self.last, ~self.first)


class RunningMaximum(wiring.Component):
    """``o`` = the maximum, lane by lane, of every three words (step two) that meet at an address.

    A word at an even place starts its address' maximum anew, one at an odd place raises it; a word
    at a place that ``completes`` sends the maximum so far, itself included, with the ``tag`` that
    it brought. One word a cycle, at any address; ``LATENCY`` cycles: read, fetch, gather what the
    banks of the memory have, choose, compare.
    """

    LATENCY = 5

    def __init__(self, lanes: int, depth: int, tag):
        self.lanes, self.depth = lanes, depth
        self.word = data.ArrayLayout(unsigned(8), lanes)
        self.beat = data.StructLayout(
            {"word": self.word, "address": range(depth), "place": Place, "tag": tag}
        )
        maximum = data.StructLayout({"word": self.word, "tag": tag})
        super().__init__(
            {
                "i": In(stream.Signature(self.beat, always_ready=True)),
                "o": Out(stream.Signature(maximum, always_ready=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.partial = partial = Ram(self.word, self.depth, gather=True)
        arrived, fetched, gathered, valid = (Signal() for _ in range(4))
        arriving, fetching, gathering, beat = (Signal(self.beat, reset_less=True) for _ in range(4))
        old, greater = Signal(self.word, reset_less=True), Signal(self.word)
        maximum = Signal(self.o.p.shape(), reset_less=True)
        m.d.comb += [
            self.o.payload.eq(maximum),
            partial.address.eq(self.i.p.address),
            partial.write_address.eq(beat.address),
            partial.write.eq(valid),
        ]
        # The words right before are written too late for this one's read: pass on what they leave.
        before = [
            (gathered, gathering.address),
            (valid, beat.address),
            *(
                (delay(m, valid, cycles, reset_less=False), delay(m, beat.address, cycles))
                for cycles in range(1, Ram.WRITE_LATENCY + 2)
            ),
        ]
        left = [delay(m, partial.write_data, cycles) for cycles in range(1, len(before))]
        hits = [written & (address == fetching.address) for written, address in before]
        follows, *same = (delay(m, hit, 1) for hit in hits)
        passes = delay(m, Cat(hits[1:]).any(), 1)
        passed_on = left[-1]
        for this, word in reversed(list(zip(same[:-1], left[:-1], strict=True))):
            passed_on = Mux(this, word, passed_on)
        # What the word just before leaves is known so late that it is chosen a cycle later, and
        # compared with at the same time as the other.
        for part in routing.slices(len(beat.word), routing.LOCAL_BITS // 8):
            own_follows, own_odd = routing.copy(m, follows), routing.copy(m, gathering.place.odd)
            for lane in range(part.start, part.stop):
                value = beat.word[lane]
                after_left, after_old = (
                    Mux(so_far > value, so_far, value) for so_far in (left[0][lane], old[lane])
                )
                m.d.comb += [
                    greater[lane].eq(Mux(own_follows, after_left, after_old)),
                    partial.write_data[lane].eq(Mux(own_odd, greater[lane], value)),
                ]
        m.d.sync += [
            arrived.eq(self.i.valid),
            arriving.eq(self.i.payload),
            fetched.eq(arrived),
            fetching.eq(arriving),
            gathered.eq(fetched),
            gathering.eq(fetching),
            valid.eq(gathered),
            beat.eq(gathering),
            old.eq(Mux(passes, passed_on, partial.data)),
            self.o.valid.eq(valid & beat.place.completes),
            maximum.word.eq(greater),
            maximum.tag.eq(beat.tag),
        ]
        return m


class MaxPool(wiring.Component):
    """``o`` = the maximum over 3x3 pixels, stride 2, ceil mode, of the rows on ``i``.

    A row is ``width`` pixels of some ``words`` of ``channels``; ``row`` has the number of the
    last of each and is the same for all its words, ``first`` marks the first one. Rows of several
    layers may alternate, each layer with its own ``width // 2 * words`` partial words from ``base``
    on. Even rows but the first, and the last row, complete a row of ``width // 2`` pixels on ``o``.
    Maps are at least 2x2, and no greater than the constructor's maxima. An output word comes with
    the ``tag`` of the word that completes it.

    One word a cycle, never stalling; an output word follows the input word that completes it by
    ``LATENCY`` cycles.
    """

    LATENCY = 2 * RunningMaximum.LATENCY

    def __init__(self, channels: int, words: int, width: int, partial_words: int, tag=1):
        self.words, self.width = words, width
        self.vertical = RunningMaximum(channels, partial_words, tag)
        upright = {"address": range(partial_words), "place": Place, "tag": tag}
        self.horizontal = RunningMaximum(channels, words, data.StructLayout(upright))
        self.row = PoolRow(words, width, partial_words)
        word = data.ArrayLayout(unsigned(8), channels)
        beat = data.StructLayout({"word": word, "first": 1, "row": self.row, "tag": tag})
        maximum = data.StructLayout({"word": word, "tag": tag})
        super().__init__(
            {
                "i": In(stream.Signature(beat, always_ready=True)),
                "o": Out(stream.Signature(maximum, always_ready=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.horizontal = across = self.horizontal
        m.submodules.vertical = down = self.vertical
        row, place = self.i.p.row, across.i.p.place

        # The place of this word in its row; after the row's last one it is that of the next first.
        word, column = Signal(range(self.words)), Signal(range(self.width))
        partial, after = Signal.like(row.base), Signal.like(row.base)
        first, last = Signal(init=1), Signal()
        last_word = word == row.last_word
        m.d.comb += partial.eq(Mux(self.i.p.first, row.base, after))
        with m.If(self.i.valid):
            m.d.sync += [word.eq(Mux(last_word, 0, word + 1)), after.eq(partial + place.completes)]
            with m.If(last_word):
                m.d.sync += [
                    column.eq(Mux(last, 0, column + 1)),
                    first.eq(last),
                    last.eq(column + 1 == row.last_column),
                ]

        m.d.comb += [
            across.i.valid.eq(self.i.valid),
            across.i.p.word.eq(self.i.p.word),
            across.i.p.address.eq(word),
            place.first.eq(first),
            place.odd.eq(column[0]),
            place.last.eq(last),
            across.i.p.tag.tag.eq(self.i.p.tag),
            across.i.p.tag.address.eq(partial),
            across.i.p.tag.place.first.eq(row.first_row),
            across.i.p.tag.place.odd.eq(row.odd_row),
            across.i.p.tag.place.last.eq(row.last_row),
            down.i.valid.eq(across.o.valid),
            down.i.p.word.eq(across.o.p.word),
            down.i.p.tag.eq(across.o.p.tag.tag),
            down.i.p.address.eq(across.o.p.tag.address),
            down.i.p.place.eq(across.o.p.tag.place),
            self.o.valid.eq(down.o.valid),
            self.o.p.word.eq(down.o.p.word),
            self.o.p.tag.eq(down.o.p.tag),
        ]
        return m
