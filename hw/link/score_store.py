"""Stores a frame's scores for the host, which reads them in parts."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..lib import routing
from ..memory.distributed_ram import ShallowRam
from ..output.average import Score
from .protocol import SCORE_BYTES, SCORES_PER_PART

SCORE = Score(8 * SCORE_BYTES)


class ScorePlace(data.Struct):
    """The position of a byte in a part of the scores."""

    byte: range(SCORE_BYTES)
    score: range(SCORES_PER_PART)


class ScoreStore(wiring.Component):
    """Stores a frame's scores; any byte of them can be read any number of times.

    Parameters
        classes: scores a frame
    Members
        i: in stream of scores; after the last one `ready` stays low until a reset
        part: in, number of a part of `SCORES_PER_PART` scores (8 bits)
        place: in, the byte's position in the part
        byte: out, the byte; of the last part's missing scores it is undefined
        done: out, the frame's last score is stored
    Latency
        `LATENCY` cycles from `part` and `place`, which must not change meanwhile, to `byte`
    Throughput
        one score a cycle
    """

    LATENCY = 5

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
        # Distributed RAM, because networks of many classes leave no block RAM free.
        m.submodules.memory = memory = ShallowRam(self.i.p.score.shape(), depth, gather=True)
        m.d.comb += [
            memory.write.eq(store),
            memory.write_address.eq(count),
            memory.write_data.eq(self.i.p.score),
            memory.address.eq(Cat(self.place.score, self.part)),
        ]
        # Cuts the path from the memory, which covers many tiles, to the byte.
        score = routing.delay(m, memory.data, 1)
        m.d.sync += self.byte.eq(score.word_select(self.place.byte, 8))
        m.d.comb += self.i.ready.eq(~self.done)
        with m.If(store):
            m.d.sync += [count.eq(count + 1), self.done.eq(self.i.p.last)]
        return m
