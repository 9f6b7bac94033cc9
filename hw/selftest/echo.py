"""Sends bytes back at a higher bit rate, to try the serial line."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from .serial import FASTEST
from .times import Times

DEPTH = 64
"""Bytes that wait if the host sends faster than the board."""


class Echo(wiring.Component):
    """While `run`, `o` = `i`. Before, the bytes `2` and `3` request an echo of that many Mbaud.

    Parameters
        times: the silence that ends an echo
    Members
        i: in stream of the bytes received, without back pressure
        error: in pulse, a byte with a wrong stop bit
        o: out stream of the bytes to send
        sending: in, a byte is on its way
        requested: out, Mbaud, or 0; until the echo ends
        run: in; `done`: out, the line has been silent and every byte is sent
        bytes, framing: out, bytes received in the latest echo, and those with a wrong stop bit,
            each at most 65,535
    """

    def __init__(self, times: Times):
        self.times = times
        super().__init__(
            {
                "i": In(stream.Signature(8, always_ready=True)),
                "error": In(1),
                "o": Out(stream.Signature(8)),
                "sending": In(1),
                "requested": Out(range(FASTEST + 1)),
                "run": In(1),
                "done": Out(1),
                "bytes": Out(16),
                "framing": Out(16),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.waiting = fifo = SyncFIFO(width=8, depth=DEPTH)
        silence, running = Signal(range(self.times.echo_silence + 1)), Signal()
        m.d.sync += running.eq(self.run)
        m.d.comb += [
            fifo.w_data.eq(self.i.payload),
            fifo.w_en.eq(self.i.valid & self.run),
            self.o.payload.eq(fifo.r_data),
            self.o.valid.eq(fifo.r_rdy),
            fifo.r_en.eq(self.o.ready),
            self.done.eq(
                running & (silence == self.times.echo_silence) & ~fifo.r_rdy & ~self.sending
            ),
        ]
        with m.If(~self.run):
            m.d.sync += silence.eq(0)
            for rate in range(2, FASTEST + 1):
                with m.If(self.i.valid & (self.i.payload == ord(str(rate)))):
                    m.d.sync += self.requested.eq(rate)
        with m.Else():
            with m.If(self.i.valid | self.error):
                m.d.sync += silence.eq(0)
            with m.Elif(silence != self.times.echo_silence):
                m.d.sync += silence.eq(silence + 1)
            with m.If(self.done):
                m.d.sync += self.requested.eq(0)
        for counter, event in ((self.bytes, self.i.valid), (self.framing, self.error)):
            with m.If(self.run & ~running):
                m.d.sync += counter.eq(0)
            with m.Elif(self.run & event & (counter != 0xFFFF)):
                m.d.sync += counter.eq(counter + 1)
        return m
