"""The maximum of every three words in a row, for many rows at a time."""

from amaranth import Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib import routing
from ..lib.delay import delay
from ..memory.ram import Ram
from ..memory.read_modify_write import ReadModifyWrite


class Place(data.Struct):
    """The place of a word along an axis: the pool takes three words at a time, with stride two."""

    first: 1
    odd: 1
    last: 1

    @property
    def completes(self):
        """Whether three words are complete: at 2, 4, 6, ..., or early at an odd last place."""
        return Mux(self.odd, self.last, ~self.first)


class RunningMaximum(wiring.Component):
    """`o` = the maximum, channel by channel, of every three words (step two) at an address.

    A word at an even place starts the maximum of its address anew, a word at an odd place raises
    it. A word at a place that `completes` sends the maximum so far, itself included, with its own
    `tag`. Words may come at any address in any order.

    Parameters
        channels: of a word
        depth: number of addresses
        tag: shape of `tag`
    Members
        i: stream in, `word` (8 bits per channel), `address`, `place`, `tag`
        o: stream out, `word`, `tag`
    Latency
        `LATENCY` cycles from `i` to `o`
    Throughput
        one word a cycle
    """

    LATENCY = Ram.LATENCY + 3  # gather among the memory's banks, register, compare

    def __init__(self, channels: int, depth: int, tag):
        self.word = data.ArrayLayout(unsigned(8), channels)
        self._maxima = ReadModifyWrite(self.word, Ram(self.word, depth, gather=True))
        beat = {"word": self.word, "address": range(depth), "place": Place, "tag": tag}
        maximum = {"word": self.word, "tag": tag}
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout(beat), always_ready=True)),
                "o": Out(stream.Signature(data.StructLayout(maximum), always_ready=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.maxima = maxima = self._maxima
        read = maxima.latency() + 1
        valid, beat = delay(m, self.i.valid, read, reset_less=False), delay(m, self.i.payload, read)
        odd = delay(m, self.i.payload.place.odd, read - 1)
        so_far, greatest = delay(m, maxima.word, 1), Signal(self.word)
        for part in routing.slices(len(greatest), routing.LOCAL_BITS // 8):
            own_odd = routing.copy(m, odd)
            for channel in range(part.start, part.stop):
                value = beat.word[channel]
                # Both comparisons run beside each other, because `previous` and `follows` are late.
                after_previous, after_so_far = (
                    Mux(word[channel] > value, word[channel], value)
                    for word in (maxima.previous, so_far)
                )
                m.d.comb += [
                    greatest[channel].eq(
                        Mux(maxima.follows[channel], after_previous, after_so_far)
                    ),
                    maxima.result[channel].eq(Mux(own_odd, greatest[channel], value)),
                ]
        m.d.comb += [
            maxima.valid.eq(self.i.valid),
            maxima.address.eq(self.i.payload.address),
            self.o.valid.eq(delay(m, valid & beat.place.completes, 1, reset_less=False)),
            self.o.payload.word.eq(delay(m, greatest, 1)),
            self.o.payload.tag.eq(delay(m, beat.tag, 1)),
        ]
        return m
