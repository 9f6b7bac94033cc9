"""What streams pass through."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class StreamRegister(wiring.Component):
    """`o` = `i`, `LATENCY` cycle later; one transfer a cycle, nothing lost, `ready` passed through.

    It cuts what leads to the payload, so that whoever takes it may think for most of a cycle.
    """

    LATENCY = 1

    def __init__(self, shape):
        signature = stream.Signature(shape)
        super().__init__({"i": In(signature), "o": Out(signature)})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.i.ready.eq(~self.o.valid | self.o.ready)
        with m.If(self.i.ready):
            m.d.sync += [self.o.valid.eq(self.i.valid), self.o.payload.eq(self.i.payload)]
        return m
