"""Two registers that cut a stream's combinational paths."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class SkidBuffer(wiring.Component):
    """`o` = `i`, in order.

    Two registers cut every combinational path between the sides: `i.ready`, `o.valid` and the
    payload of `o` depend on registers only.

    Members
        i: in, stream
        o: out, stream
    Latency
        `LATENCY` cycles
    Throughput
        one transfer a cycle
    """

    LATENCY = 1

    DEPTH = 2
    """Transfers that it holds."""

    def __init__(self, shape):
        signature = stream.Signature(shape)
        super().__init__({"i": In(signature), "o": Out(signature)})

    def elaborate(self, platform):
        m = Module()
        spare = Signal()  # `kept` holds a transfer that `shown` has no place for
        kept, shown = (Signal.like(self.o.payload, reset_less=True) for _ in range(2))
        m.d.comb += [self.i.ready.eq(~spare), self.o.payload.eq(shown)]
        with m.If(~spare):
            m.d.sync += kept.eq(self.i.payload)
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += [
                self.o.valid.eq(spare | self.i.valid),
                shown.eq(Mux(spare, kept, self.i.payload)),
                spare.eq(0),
            ]
        with m.Elif(self.i.valid):
            m.d.sync += spare.eq(1)
        return m
