"""The maximum of three consecutive beats, at every second beat, for many addresses at once."""

from amaranth import Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib import routing
from ..lib.delay import delay
from ..memory.ram import Ram
from ..memory.read_modify_write import ReadModifyWrite


class Place(data.Struct):
    """The place of a beat along an axis: the pool takes three beats at a time, with stride two."""

    first: 1
    odd: 1
    last: 1

    @property
    def completes(self):
        """Whether three beats are complete: at 2, 4, 6, ..., or early at an odd last place."""
        return Mux(self.odd, self.last, ~self.first)


class RunningMaximum(wiring.Component):
    """`o` = channel by channel, the maximum of three consecutive beats at an address.

    A new three starts at every second beat: a beat at an even place starts the maximum of its
    address anew, a beat at an odd place raises it. A beat at a place that `completes` sends the
    maximum so far, itself included, with its own `tag`. The addresses may come in any order.

    Parameters
        channels: of a beat
        depth: number of addresses
        tag: shape of `tag`
    Members
        i: stream in, `beat` (8 bits per channel), `address`, `place`, `tag`
        o: stream out, `beat`, `tag`
    Latency
        `LATENCY` cycles from `i` to `o`
    Throughput
        one beat a cycle
    """

    LATENCY = Ram.LATENCY + 3  # gather among the memory's banks, register, compare

    def __init__(self, channels: int, depth: int, tag):
        self.beat = data.ArrayLayout(unsigned(8), channels)
        self._maxima = ReadModifyWrite(self.beat, Ram(self.beat, depth, gather=True))
        value = {"beat": self.beat, "address": range(depth), "place": Place, "tag": tag}
        maximum = {"beat": self.beat, "tag": tag}
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout(value), always_ready=True)),
                "o": Out(stream.Signature(data.StructLayout(maximum), always_ready=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.maxima = maxima = self._maxima
        read = maxima.latency() + 1
        valid, i = delay(m, self.i.valid, read, reset_less=False), delay(m, self.i.payload, read)
        odd = delay(m, self.i.payload.place.odd, read - 1)
        so_far, greatest = delay(m, maxima.word, 1), Signal(self.beat)
        for part in routing.slices(len(greatest), routing.LOCAL_BITS // 8):
            own_odd = routing.copy(m, odd)
            for channel in range(part.start, part.stop):
                value = i.beat[channel]
                # Both comparisons run beside each other, because `previous` and `follows` are late.
                after_previous, after_so_far = (
                    Mux(other[channel] > value, other[channel], value)
                    for other in (maxima.previous, so_far)
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
            self.o.valid.eq(delay(m, valid & i.place.completes, 1, reset_less=False)),
            self.o.payload.beat.eq(delay(m, greatest, 1)),
            self.o.payload.tag.eq(delay(m, i.tag, 1)),
        ]
        return m
