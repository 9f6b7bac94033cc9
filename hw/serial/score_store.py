"""A frame's scores, kept for a host that asks for them in parts."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..average import Score
from .protocol import SCORE_BYTES, SCORES_PER_PART

SCORE = Score(8 * SCORE_BYTES)


class ScorePlace(data.Struct):
    """Where a byte lies in a part of the scores."""

    byte: range(SCORE_BYTES)
    score: range(SCORES_PER_PART)


class ScoreStore(wiring.Component):
    """Keeps a frame's scores, to be read byte by byte, again and again.

    Takes scores until the last one; ``done`` is then high, and only a reset makes room again.

    Latency:    2 cycles from ``part`` and ``place`` to ``byte``, if they stay as they are
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
        m.submodules.memory = memory = Memory(
            shape=data.ArrayLayout(8, SCORE_BYTES), depth=depth, init=[]
        )
        write, read = memory.write_port(), memory.read_port()
        count = Signal(range(depth))

        m.d.comb += [
            self.i.ready.eq(~self.done),
            write.addr.eq(count),
            write.data.as_value().eq(self.i.p.score),
            write.en.eq(self.i.valid & self.i.ready),
            read.addr.eq(Cat(self.place.score, self.part)),
        ]
        m.d.sync += self.byte.eq(read.data[self.place.byte])
        with m.If(write.en):
            m.d.sync += [count.eq(count + 1), self.done.eq(self.i.p.last)]
        return m
