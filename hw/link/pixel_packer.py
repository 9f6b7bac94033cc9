"""Packs the bytes of chunks into pixels."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out


class PixelPacker(wiring.Component):
    """Packs `channels` consecutive bytes into a pixel.

    Parameters
        channels: bytes a pixel
    Members
        i: in stream of bytes
        o: out stream of pixels, the first byte in element 0
    Latency
        1 cycle from a pixel's last byte to the pixel
    Throughput
        one pixel in `channels` + 1 cycles
    """

    def __init__(self, channels: int):
        self.channels = channels
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "o": Out(stream.Signature(data.ArrayLayout(8, channels))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        filled = Signal(range(self.channels + 1))
        m.d.comb += [
            self.o.valid.eq(filled == self.channels),
            self.i.ready.eq(~self.o.valid),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [self.o.payload[filled].eq(self.i.payload), filled.eq(filled + 1)]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += filled.eq(0)
        return m
