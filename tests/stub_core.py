"""A core of the accelerator's ports that takes little time: a class's score is a sum of pixels."""

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from fireline.hw.link import SCORE
from fireline.hw.protocol import Identity


class StubCore(wiring.Component):
    """The score of class n is the sum, modulo 2^32, of every byte times (pixel number + n + 1)."""

    def __init__(self, identity: Identity):
        self.identity = identity
        super().__init__(
            {
                "pixel": In(stream.Signature(data.ArrayLayout(8, identity.channels))),
                "score": Out(stream.Signature(SCORE)),
                "abort": In(1),
            }
        )

    def elaborate(self, platform):
        m, top = Module(), Module()
        identity = self.identity
        pixels, classes = identity.width * identity.height, identity.classes
        number, index = Signal(range(pixels + 1)), Signal(range(classes))
        weighted, plain = Signal(32), Signal(32)
        total = sum(self.pixel.payload[n] for n in range(identity.channels))
        score = weighted + plain * (index + 1)

        with m.If(number != pixels):
            m.d.comb += self.pixel.ready.eq(1)
            with m.If(self.pixel.valid):
                m.d.sync += [
                    number.eq(number + 1),
                    weighted.eq(weighted + total * number),
                    plain.eq(plain + total),
                ]
        with m.Else():
            m.d.comb += [
                self.score.valid.eq(1),
                self.score.p.score.eq(score),
                self.score.p.last.eq(index == classes - 1),
            ]
            with m.If(self.score.ready):
                m.d.sync += index.eq(Mux(self.score.p.last, 0, index + 1))
                with m.If(self.score.p.last):
                    m.d.sync += [number.eq(0), weighted.eq(0), plain.eq(0)]
        top.submodules.core = ResetInserter(self.abort)(m)
        return top


def stub_scores(identity: Identity, pixels) -> list[int]:
    """What the core gives for ``[height, width, channels]``."""
    sums = pixels.reshape(-1, identity.channels).sum(axis=1).tolist()
    return [
        sum(total * (number + n + 1) for number, total in enumerate(sums)) % 2**32
        for n in range(identity.classes)
    ]
