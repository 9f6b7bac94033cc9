"""The global average's exact integer sum, class by class."""

from itertools import pairwise

from amaranth import Const, Module, Mux, Shape, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib import routing
from ..lib.delay import delay
from ..memory.ram import BlockRam, ShallowRam, is_distributed


class Score(data.StructLayout):
    """The score of a class; ``last`` marks a frame's last class."""

    def __init__(self, bits: int):
        super().__init__({"score": unsigned(bits), "last": 1})


SCORE_CYCLES = 2
"""From a score to the next one of the same word."""

FETCH_CYCLES = 5
"""From the last score of a word to the first one of the next."""


def cycles_to_send(classes: int, lanes: int) -> int:
    """From the first score of a frame to its last one, both counted, if all are taken at once."""
    words = -(-classes // lanes)
    return 1 + SCORE_CYCLES * (classes - words) + FETCH_CYCLES * (words - 1)


class ScoreAccumulator(wiring.Component):
    """``o`` = the sum over a frame's pixels of the ``values`` on ``i``, one score a class.

    A pixel is ``beats`` beats of ``lanes`` classes, ``address`` tells which; one a cycle at most,
    never stalling; lanes beyond the last class do not matter. Beats come in any order in which each
    address's first and last pixel are that, and the last address's last pixel ends the frame: pixel
    by pixel, or group by group of addresses. Beats of a frame's first pixel start the sums anew,
    those of its last one complete them (a frame may be a single pixel). The first score is sent
    ``LATENCY`` cycles after the last beat; ``SCORE_CYCLES`` after one is taken comes the next, and
    ``FETCH_CYCLES`` after each ``lanes`` of them.

    ``free`` is low from the cycle after a frame's first beat until its last score has been taken.
    Whoever starts a frame waits for it: while ``free`` is low, only beats of the frame in progress
    may come. Between that look and the frame's first beat ``free`` is still high, so the next look,
    for the frame after, must come later than that beat.
    """

    LATENCY = 10

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

        # Summing: beats[n] came n cycles ago. The sums so far are asked for by beats[1], kept when
        # it is beats[4], added to it and written when it is beats[5]. What the three beats right
        # before a beat write comes too late to be read for it.
        beats = [self.i.payload, *(Signal(self.beat, reset_less=True) for _ in range(6))]
        valid = [self.i.valid, *(Signal() for _ in range(6))]
        m.d.sync += [later.eq(value) for value, later in pairwise(beats)]
        m.d.sync += [later.eq(value) for value, later in pairwise(valid)]
        asked, beat = beats[1], beats[5]
        with m.If(self.i.valid):
            m.d.sync += self.free.eq(0)

        def wrote(number, reader):
            """Whether one beat writes what another reads, a cycle before the lanes are told."""
            same = Signal()
            m.d.sync += same.eq(valid[number] & (beats[number].address == reader.address))
            return same

        one_between, two_between, again = wrote(4, beats[2]), wrote(5, beats[2]), wrote(4, beats[3])
        anew = valid[3] & beats[3].first_pixel

        # Sending: word after word is fetched, and then shifted out.
        sending, asking, fetching, fetched = Signal(), Signal(), Signal(), Signal()
        address, lane = Signal(range(self.beats)), Signal(range(self.lanes))
        last_address = address == (self.classes - 1) // self.lanes
        last_lane = lane == Mux(last_address, (self.classes - 1) % self.lanes, self.lanes - 1)
        read_address = delay(m, Mux(valid[1], asked.address, address), 1)
        total = Signal(data.ArrayLayout(unsigned(self.bits), self.lanes))
        read = self._build_sums(m, read_address, valid[5], beat.address, total)
        taken, holding, hold = self.o.valid & self.o.ready, Signal(), Signal()
        m.d.comb += [
            hold.eq(fetched | holding & ~(taken & last_lane)),
            self.o.p.last.eq(last_address & last_lane),
        ]
        m.d.sync += [
            asking.eq(sending & ~(asking | fetching | fetched | holding)),
            fetching.eq(asking),
            fetched.eq(fetching),
            holding.eq(hold),
            self.o.valid.eq(fetched | holding),
        ]

        # What decides about a lane stands in registers of its own: the lanes spread over the die.
        shifted = Const(0, self.bits)
        for number in reversed(range(self.lanes)):
            one, two, same, new, held, shift = (
                routing.copy(m, value)
                for value in (one_between, two_between, again, anew, hold, taken)
            )
            kept, written = Signal(self.bits, reset_less=True), delay(m, total[number], 1)
            so_far = Mux(one, written, Mux(two, delay(m, written, 1), read[number]))
            m.d.comb += total[number].eq(Mux(same, written, kept) + beat.values[number])
            with m.If(~held):
                m.d.sync += kept.eq(Mux(new, 0, so_far))
            with m.Elif(shift):
                m.d.sync += kept.eq(shifted)
            shifted = kept
        m.d.comb += self.o.p.score.eq(shifted)
        with m.If(valid[5] & beat.last_pixel & (beat.address == self.beats - 1)):
            m.d.sync += sending.eq(1)
        with m.If(taken):
            m.d.sync += [self.o.valid.eq(0), lane.eq(lane + 1)]
            with m.If(last_lane):
                m.d.sync += [lane.eq(0), address.eq(Mux(last_address, 0, address + 1))]
            with m.If(self.o.p.last):
                m.d.sync += [sending.eq(0), self.free.eq(1)]
        return m

    def _build_sums(self, m, address, write, write_address, total):
        """The sums at `address`, two cycles later; what is written is there for the next one."""
        depth, bits = self.beats, Shape.cast(total.shape()).width
        kind = ShallowRam if is_distributed(depth, bits) else BlockRam
        m.submodules.sums = sums = kind(bits, depth)
        m.d.comb += [
            sums.address.eq(address),
            sums.write.eq(write),
            sums.write_address.eq(write_address),
            sums.write_data.eq(total),
        ]
        return data.View(total.shape(), sums.data)
