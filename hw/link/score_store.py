"""A frame's scores, kept for a host that asks for them in parts."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..lib.delay import delay
from ..memory.ram import ShallowRam
from ..output.average import Score
from .protocol import SCORE_BYTES, SCORES_PER_PART

SCORE = Score(8 * SCORE_BYTES)


class ScorePlace(data.Struct):
    """Where a byte lies in a part of the scores."""

    byte: range(SCORE_BYTES)
    score: range(SCORES_PER_PART)


class ScoreStore(wiring.Component):
    """Keeps a frame's scores, to be read byte by byte, again and again.

    Takes scores until the last one; ``done`` is then high, and only a reset makes room again.

    Latency:    5 cycles from ``part`` and ``place`` to ``byte``, if they stay as they are
    Throughput: one score a cycle
    """

    i: In(stream.Signature(SCORE))
    part: In(8)
    place: In(ScorePlace)
    byte: Out(8)
    done: Out(1)

    def __init__(self, classes: int):
        self.classes = classes
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        depth = max(SCORES_PER_PART, 1 << ceil_log2(self.classes))
        count, store = Signal(range(depth)), self.i.valid & self.i.ready
        # Not block RAM: that is scarce where there are many classes.
        m.submodules.memory = memory = ShallowRam(self.i.p.score.shape(), depth, gather=True)
        m.d.comb += [
            memory.write.eq(store),
            memory.write_address.eq(count),
            memory.write_data.eq(self.i.p.score),
            memory.address.eq(Cat(self.place.score, self.part)),
        ]
        score = delay(m, memory.data, 1)
        m.d.sync += self.byte.eq(score.word_select(self.place.byte, 8))
        m.d.comb += self.i.ready.eq(~self.done)
        with m.If(store):
            m.d.sync += [count.eq(count + 1), self.done.eq(self.i.p.last)]
        return m
