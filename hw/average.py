"""The global average's exact integer sum, class by class."""

from itertools import pairwise

from amaranth import Module, Mux, Shape, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .delay import delay
from .ram import BlockRam, DistributedRam, is_distributed


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

        # Summing: a beat's sums so far are read; they and the beat are added; the total is written.
        # What the three beats right before it write comes too late to be read.
        beats = [self.i.payload, *(Signal(self.beat, reset_less=True) for _ in range(4))]
        valid = [self.i.valid, *(Signal() for _ in range(4))]
        m.d.sync += [later.eq(value) for value, later in pairwise(beats)]
        m.d.sync += [later.eq(value) for value, later in pairwise(valid)]
        looked, early, beat, done = beats[1:]
        anew, again, one_between, two_between = (Signal() for _ in range(4))
        total, kept = Signal(word), Signal(word, reset_less=True)
        written = delay(m, total, 1)
        m.d.comb += anew.eq(valid[2] & early.first_pixel)
        m.d.sync += [
            again.eq(valid[3] & (beat.address == early.address)),
            one_between.eq(valid[3] & (beat.address == looked.address)),
            two_between.eq(valid[4] & (done.address == looked.address)),
        ]
        for lane, value in enumerate(beat.values):
            m.d.comb += total[lane].eq(Mux(again, written[lane], kept[lane]) + value)
        with m.If(self.i.valid):
            m.d.sync += self.free.eq(0)

        # Sending: word after word is fetched, and then shifted out.
        sending, fetching, fetched = Signal(), Signal(), Signal()
        address, lane = Signal(range(self.beats)), Signal(range(self.lanes))
        last_address = address == (self.classes - 1) // self.lanes
        last_lane = lane == Mux(last_address, (self.classes - 1) % self.lanes, self.lanes - 1)
        read_address = Mux(self.i.valid, self.i.p.address, address)
        read = self._build_sums(m, read_address, valid[3], beat.address, total)
        m.d.comb += [
            self.o.p.score.eq(kept[0]),
            self.o.p.last.eq(last_address & last_lane),
        ]
        with m.If(valid[3] & beat.last_pixel & (beat.address == self.beats - 1)):
            m.d.sync += sending.eq(1)
        with m.If(~self.o.valid):
            so_far = Mux(one_between, written, Mux(two_between, delay(m, written, 1), read))
            m.d.sync += [
                kept.eq(Mux(anew, 0, so_far)),
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

    def _build_sums(self, m, address, write, write_address, total):
        """The sums at `address`, two cycles later; what is written is there for the next one."""
        depth, bits = self.beats, Shape.cast(total.shape()).width
        kind = DistributedRam if is_distributed(depth, bits) else BlockRam
        m.submodules.sums = sums = kind(bits, depth)
        m.d.comb += [
            sums.address.eq(address),
            sums.write.eq(write),
            sums.write_address.eq(write_address),
            sums.write_data.eq(total),
        ]
        return delay(m, sums.data, 1)
