"""A frame's scores, kept for a host that asks for them in parts."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..average import Score
from ..delay import delay
from .protocol import SCORE_BYTES, SCORES_PER_PART

SCORE = Score(8 * SCORE_BYTES)
SCORES_PER_WORD = 4


class ScorePlace(data.Struct):
    """Where a byte lies in a part of the scores."""

    byte: range(SCORE_BYTES)
    score: range(SCORES_PER_PART)


class ScoreStore(wiring.Component):
    """Keeps a frame's scores, to be read byte by byte, again and again.

    Takes scores until the last one; ``done`` is then high, and only a reset makes room again.

    Latency:    3 cycles from ``part`` and ``place`` to ``byte``, if they stay as they are
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
        # Block RAM is scarce where there are many classes.
        m.submodules.memory = memory = Memory(
            shape=data.ArrayLayout(8, SCORE_BYTES * SCORES_PER_WORD),
            depth=depth // SCORES_PER_WORD,
            init=[],
            attrs={"ram_style": "distributed"},
        )
        write, read = memory.write_port(granularity=SCORE_BYTES), memory.read_port()
        count, store = Signal(range(depth)), self.i.valid & self.i.ready
        score = self.place.score

        # The memory is large and may be far.
        enable = delay(m, store << count % SCORES_PER_WORD, 1, reset_less=False)
        m.d.comb += [
            self.i.ready.eq(~self.done),
            write.addr.eq(delay(m, count // SCORES_PER_WORD, 1)),
            write.data.as_value().eq(delay(m, self.i.p.score, 1).replicate(SCORES_PER_WORD)),
            write.en.eq(enable),
            read.addr.eq(delay(m, Cat(score, self.part) // SCORES_PER_WORD, 1)),
        ]
        m.d.sync += self.byte.eq(read.data[Cat(self.place.byte, score % SCORES_PER_WORD)])
        with m.If(store):
            m.d.sync += [count.eq(count + 1), self.done.eq(self.i.p.last)]
        return m
