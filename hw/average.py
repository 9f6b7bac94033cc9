"""The global average's exact integer sum, class by class."""

from amaranth import Module, Mux, Signal, unsigned
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from .delay import delay
from .ram import style


class Score(data.StructLayout):
    """The score of a class; ``last`` marks a frame's last class."""

    def __init__(self, bits: int):
        super().__init__({"score": unsigned(bits), "last": 1})


FETCH_CYCLES = 3
"""Between the last score of a word and the first one of the next."""


def cycles_to_send(classes: int, lanes: int) -> int:
    """From the first score of a frame to its last one, both counted, if all are taken at once."""
    return classes + FETCH_CYCLES * ((classes - 1) // lanes)


class ScoreAccumulator(wiring.Component):
    """``o`` = the sum over a frame's pixels of the ``values`` on ``i``, one score a class.

    A pixel is ``beats`` beats of ``lanes`` classes, ``address`` tells which; one a cycle at most,
    never stalling; lanes beyond the last class do not matter. Beats come in any order in which each
    address's first and last pixel are that, and the last address's last pixel ends the frame: pixel
    by pixel, or group by group of addresses. Beats of a frame's first pixel start the sums anew,
    those of its last one complete them (a frame may be a single pixel). The first score is sent
    ``latency`` cycles after the last beat, then one a cycle as long as ``o`` is taken, but for
    ``FETCH_CYCLES`` after each ``lanes`` of them.

    ``free`` is low from the cycle after a frame's first beat until its last score has been taken.
    Whoever starts a frame waits for it: while ``free`` is low, only beats of the frame in progress
    may come. Between that look and the frame's first beat ``free`` is still high, so the next look,
    for the frame after, must come later than that beat.
    """

    latency = 7

    def __init__(self, lanes: int, classes: int, beats: int, bits: int = 32):
        self.lanes, self.classes, self.beats, self.bits = lanes, classes, beats, bits
        self.beat = data.StructLayout(
            {
                "values": data.ArrayLayout(unsigned(16), lanes),
                "address": range(beats),
                "first_pixel": 1,
                "last_pixel": 1,
            }
        )
        super().__init__(
            {
                "i": In(stream.Signature(self.beat, always_ready=True)),
                "o": Out(stream.Signature(Score(bits))),
                "free": Out(1, init=1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        word = data.ArrayLayout(unsigned(self.bits), self.lanes)
        m.submodules.sums = sums = memory.Memory(
            shape=word, depth=self.beats, init=[], attrs=style(self.beats, word.size)
        )
        write = sums.write_port()
        read = sums.read_port(transparent_for=[write])

        # Summing: a beat's sums so far are read; they and the beat are added; the total is written.
        # What the two beats right before it write comes too late to be read.
        early, beat = delay(m, self.i.payload, 2), Signal(self.beat, reset_less=True)
        arriving, arrived = delay(m, self.i.valid, 2, reset_less=False), Signal()
        anew, again = arriving & early.first_pixel, Signal()
        total, kept = Signal(word), Signal(word, reset_less=True)
        written = delay(m, total, 1)
        m.d.sync += [
            arrived.eq(arriving),
            beat.eq(early),
            again.eq(arrived & (beat.address == early.address) & ~anew),
            write.en.eq(arrived),
            write.addr.eq(beat.address),
        ]
        m.d.comb += write.data.eq(written)
        for lane, value in enumerate(beat.values):
            m.d.comb += total[lane].eq(Mux(again, written[lane], kept[lane]) + value)
        with m.If(self.i.valid):
            m.d.sync += self.free.eq(0)

        # Sending: word after word is fetched, and then shifted out.
        sending, fetching, fetched = Signal(), Signal(), Signal()
        address, lane = Signal(range(self.beats)), Signal(range(self.lanes))
        last_address = address == (self.classes - 1) // self.lanes
        last_lane = lane == Mux(last_address, (self.classes - 1) % self.lanes, self.lanes - 1)
        m.d.comb += [
            read.addr.eq(delay(m, Mux(self.i.valid, self.i.p.address, address), 1)),
            self.o.p.score.eq(kept[0]),
            self.o.p.last.eq(last_address & last_lane),
        ]
        with m.If(arrived & beat.last_pixel & (beat.address == self.beats - 1)):
            m.d.sync += sending.eq(1)
        with m.If(~self.o.valid):
            m.d.sync += [
                kept.eq(
                    Mux(
                        anew,
                        0,
                        Mux(
                            write.en & (write.addr == early.address), written, read.data.as_value()
                        ),
                    )
                ),
                fetching.eq(sending & ~(fetching | fetched)),
                fetched.eq(fetching),
                self.o.valid.eq(fetched),
            ]
        with m.Elif(self.o.ready):
            m.d.sync += [kept.eq(kept.as_value() >> self.bits), lane.eq(lane + 1)]
            with m.If(last_lane):
                m.d.sync += [
                    self.o.valid.eq(0),
                    lane.eq(0),
                    address.eq(Mux(last_address, 0, address + 1)),
                ]
            with m.If(self.o.p.last):
                m.d.sync += [sending.eq(0), self.free.eq(1)]
        return m
