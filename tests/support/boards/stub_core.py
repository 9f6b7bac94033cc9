"""A fast core with the accelerator's ports, whose scores are sums of pixels."""

from array import array

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from fireline.hw.link.link import SCORE
from fireline.hw.link.protocol import Identity


class StubCore(wiring.Component):
    """The score of class n is the sum, modulo 2^32, of every byte times (pixel number + n + 1).

    The words of streamed weights are added to every score.
    """

    def __init__(self, identity: Identity):
        self.identity = identity
        ports = {
            "pixel": In(stream.Signature(data.ArrayLayout(8, identity.channels))),
            "score": Out(stream.Signature(SCORE)),
            "abort": In(1),
        }
        if identity.weight_bytes:
            ports |= {
                "head": In(stream.Signature(16, always_ready=True)),
                "block_wanted": Out(1),
            }
        super().__init__(ports)

    def elaborate(self, platform):
        m, top = Module(), Module()
        identity = self.identity
        pixels, classes = identity.width * identity.height, identity.classes
        number, index = Signal(range(pixels + 1)), Signal(range(classes))
        weighted, plain = Signal(32), Signal(32)
        total = sum(self.pixel.payload[n] for n in range(identity.channels))
        score = weighted + plain * (index + 1)

        words = Signal(range(identity.weight_bytes // 2 + 1), init=identity.weight_bytes // 2)
        if identity.weight_bytes:
            m.d.comb += self.block_wanted.eq((number == pixels) & (words != 0))
            with m.If(self.head.valid):
                m.d.sync += [words.eq(words - 1), weighted.eq(weighted + self.head.payload)]

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
                self.score.valid.eq(words == 0),
                self.score.p.score.eq(score),
                self.score.p.last.eq(index == classes - 1),
            ]
            with m.If(self.score.valid & self.score.ready):
                m.d.sync += index.eq(Mux(self.score.p.last, 0, index + 1))
                with m.If(self.score.p.last):
                    m.d.sync += [number.eq(0), weighted.eq(0), plain.eq(0)]
                    m.d.sync += words.eq(words.init)
        top.submodules.core = ResetInserter(self.abort)(m)
        return top


def stub_scores(identity: Identity, pixels, weights: bytes = b"") -> list[int]:
    """The core's scores for pixels ``[height, width, channels]``."""
    words = sum(array("H", weights))
    sums = pixels.reshape(-1, identity.channels).sum(axis=1).tolist()
    return [
        (words + sum(total * (number + n + 1) for number, total in enumerate(sums))) % 2**32
        for n in range(identity.classes)
    ]
