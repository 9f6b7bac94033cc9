"""The global average, as exact integer sums: one score per class."""

from amaranth import Const, Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib import routing
from ..lib.delay import delay, history
from ..memory.block_ram import BlockRam
from ..memory.distributed_ram import ShallowRam, is_distributed
from ..memory.read_modify_write import ReadModifyWrite


class Score(data.StructLayout):
    """The `score` of a class; `last` marks the last class of a frame."""

    def __init__(self, bits: int):
        super().__init__({"score": unsigned(bits), "last": 1})


SCORE_CYCLES = 2
"""Cycles from a score to the next one of the same word, if `o` does not stall."""

FETCH_CYCLES = 5
"""Cycles from the last score of a word to the first one of the next, if `o` does not stall."""


def cycles_to_send(classes: int, lanes: int) -> int:
    """Cycles from the first score of a frame to its last one, both counted, without a stall."""
    words = -(-classes // lanes)
    return 1 + SCORE_CYCLES * (classes - words) + FETCH_CYCLES * (words - 1)


class ScoreAccumulator(wiring.Component):
    """`o` = the sum over the pixels of a frame of the `values` on `i`, one score per class.

    A pixel is `beats` beats of `lanes` classes; `address` is the number of a beat in its pixel.
    Beats may come in any order, provided each address gets its first-pixel beat first and its
    last-pixel beat last, and the last address's last-pixel beat ends the frame. A frame may be a
    single pixel. Lanes beyond the last class are ignored.

    `free` is low from the cycle after the first beat of a frame until the last score is taken.
    While it is low, only beats of that frame may come. A source samples `free` before each frame.
    Because `free` stays high until the frame's first beat, the sample for the next frame comes
    after that beat.

    The pipeline of a frame's last beat, in cycle 0, and of the first score::

        cycle 2   the memory reads the sums so far
        cycle 5   the new sums are written
        cycle 7   the memory reads the word of the first scores
        cycle 10  the word is in the shift register, `o` shows the first score

    Parameters
        lanes: classes per beat
        classes: scores per frame
        beats: beats per pixel
        bits: of a score; it must hold the sum of all pixels
    Members
        i: stream in, at most one beat a cycle; it does not stall
        o: stream out, `score` and `last`, which marks the last class of the frame
        free: out
    Latency
        `LATENCY` cycles from the last beat of a frame to the first score
    Throughput
        one beat a cycle; scores follow each other after `SCORE_CYCLES` cycles within a word of
        `lanes` scores, and after `FETCH_CYCLES` from word to word
    """

    LATENCY = 10

    def __init__(self, lanes: int, classes: int, beats: int, bits: int = 32):
        self.lanes, self.classes, self.beats, self.bits = lanes, classes, beats, bits
        word = data.ArrayLayout(unsigned(bits), lanes)
        kind = ShallowRam if is_distributed(beats, lanes * bits) else BlockRam
        self._sums = ReadModifyWrite(word, kind(word, beats))
        beat = {
            "values": data.ArrayLayout(unsigned(16), lanes),
            "address": range(beats),
            "first_pixel": 1,
            "last_pixel": 1,
        }
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout(beat), always_ready=True)),
                "o": Out(stream.Signature(Score(bits))),
                "free": Out(1, init=1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.sums = self._sums
        frame_end, hold, taken = Signal(), Signal(), Signal()
        address = Signal(range(self.beats))  # of the word that is sent
        self._build_sums(m, address, frame_end, hold, taken)
        self._build_sender(m, address, frame_end, hold, taken)
        with m.If(self.i.valid):
            m.d.sync += self.free.eq(0)
        with m.If(taken & self.o.payload.last):
            m.d.sync += self.free.eq(1)
        return m

    def _build_sums(self, m, address, frame_end, hold, taken):
        """Adds the beats to the sums. With `hold`, the registers of the sums so far shift out."""
        sums = self._sums
        valid = history(m, self.i.valid, 5, reset_less=False)
        beat = history(m, self.i.payload, 5)
        m.d.comb += [
            sums.valid.eq(valid[2]),
            sums.address.eq(delay(m, Mux(valid[1], beat[1].address, address), 1)),
            frame_end.eq(valid[5] & beat[5].last_pixel & (beat[5].address == self.beats - 1)),
        ]
        anew = valid[3] & beat[3].first_pixel
        shifted = Const(0, self.bits)
        for lane in reversed(range(self.lanes)):
            own_anew, own_hold, own_taken = (
                routing.copy(m, value) for value in (anew, hold, taken)
            )
            so_far = Signal(self.bits, reset_less=True)
            with m.If(~own_hold):
                m.d.sync += so_far.eq(Mux(own_anew, 0, sums.word[lane]))
            with m.Elif(own_taken):
                m.d.sync += so_far.eq(shifted)
            latest = Mux(sums.follows[lane], sums.previous[lane], so_far)
            m.d.comb += sums.result[lane].eq(latest + beat[5].values[lane])
            shifted = so_far
        m.d.comb += self.o.payload.score.eq(shifted)

    def _build_sender(self, m, address, frame_end, hold, taken):
        """Fetches word after word of the frame's sums, and sends them lane by lane."""
        sending, asking, fetching, fetched, holding = (Signal() for _ in range(5))
        lane = Signal(range(self.lanes))
        last_address = address == (self.classes - 1) // self.lanes
        last_lane = lane == Mux(last_address, (self.classes - 1) % self.lanes, self.lanes - 1)
        m.d.comb += [
            taken.eq(self.o.valid & self.o.ready),
            hold.eq(fetched | holding & ~(taken & last_lane)),
            self.o.payload.last.eq(last_address & last_lane),
        ]
        m.d.sync += [
            asking.eq(sending & ~(asking | fetching | fetched | holding)),
            fetching.eq(asking),
            fetched.eq(fetching),
            holding.eq(hold),
            self.o.valid.eq(fetched | holding),
        ]
        with m.If(frame_end):
            m.d.sync += sending.eq(1)
        with m.If(taken):
            m.d.sync += [self.o.valid.eq(0), lane.eq(lane + 1)]
            with m.If(last_lane):
                m.d.sync += [lane.eq(0), address.eq(Mux(last_address, 0, address + 1))]
            with m.If(self.o.payload.last):
                m.d.sync += sending.eq(0)
