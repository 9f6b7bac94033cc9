"""The maxima of windows of consecutive beats, for many addresses at once."""

from amaranth import Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib import routing
from ..lib.delay import delay
from ..memory.ram import Ram
from ..memory.read_modify_write import ReadModifyWrite


class Place(data.Struct):
    """The place of a beat in the windows along an axis.

    A beat may be the last one of a window and the first one of the next. If it is `alone`, it is
    both in the same window.
    """

    begins: 1
    completes: 1
    alone: 1


class RunningMaximum(wiring.Component):
    """`o` = channel by channel, the maximum of each window of consecutive beats at an address.

    A beat at a place that `completes` sends the maximum so far, itself included, with its own
    `tag`; where it is `alone`, it is the maximum. Then a beat that `begins` starts the maximum of
    its address anew; any other raises it. The addresses may come in any order.

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
        begins, alone = (
            delay(m, bit, read - 1)
            for bit in (self.i.payload.place.begins, self.i.payload.place.alone)
        )
        so_far, greatest = delay(m, maxima.word, 1), Signal(self.beat)
        for part in routing.slices(len(greatest), routing.LOCAL_BITS // 8):
            own_begins, own_alone = routing.copy(m, begins), routing.copy(m, alone)
            for channel in range(part.start, part.stop):
                value = i.beat[channel]
                # Both comparisons run beside each other, because `previous` and `follows` are late.
                after_previous, after_so_far = (
                    Mux(other[channel] > value, other[channel], value)
                    for other in (maxima.previous, so_far)
                )
                raised = Mux(maxima.follows[channel], after_previous, after_so_far)
                m.d.comb += [
                    greatest[channel].eq(Mux(own_alone, value, raised)),
                    maxima.result[channel].eq(Mux(own_begins, value, raised)),
                ]
        m.d.comb += [
            maxima.valid.eq(self.i.valid),
            maxima.address.eq(self.i.payload.address),
            self.o.valid.eq(delay(m, valid & i.place.completes, 1, reset_less=False)),
            self.o.payload.beat.eq(delay(m, greatest, 1)),
            self.o.payload.tag.eq(delay(m, i.tag, 1)),
        ]
        return m
