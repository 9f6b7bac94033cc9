"""Writes the SDRAM's contents: bytes in, bursts out."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from .chip import BURST_WORDS, WORD_BITS, SdramGeometry
from .controller import Action, request_layout


class SdramLoader(wiring.Component):
    """Packs bytes into words and writes them to consecutive bursts, from burst 0 on.

    Bytes after the last burst are discarded. A reset restarts the loader at burst 0; a burst under
    way then has undefined words.

    Parameters
        geometry: of the chip
        bursts: to write
    Members
        i: in stream of bytes, the lower one of each word first
        request, write_next, write_data: the controller's
        done: out, all bursts are written
    Latency
        2 cycles from a burst's last byte to its request, if the loader does not write another burst
    Throughput
        16 bytes in about 40 cycles
    """

    def __init__(self, geometry: SdramGeometry, bursts: int):
        self.bursts = bursts
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "request": Out(stream.Signature(request_layout(geometry))),
                "write_next": In(1),
                "write_data": Out(WORD_BITS),
                "done": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = SyncFIFO(width=WORD_BITS, depth=BURST_WORDS)
        low, half = Signal(8), Signal()
        burst = Signal(range(self.bursts + 1))

        m.d.comb += [
            self.i.ready.eq(self.done | ~half | words.w_rdy),
            words.w_data.eq(Cat(low, self.i.payload)),
            words.w_en.eq(self.i.valid & half & ~self.done),
            words.r_en.eq(self.write_next),
            self.write_data.eq(words.r_data),
            self.request.p.action.eq(Action.WRITE),
            self.request.p.burst.eq(burst),
        ]
        m.d.sync += self.done.eq(burst == self.bursts)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [low.eq(self.i.payload), half.eq(~half)]
        with m.FSM():
            with m.State("FILL"), m.If(words.level == BURST_WORDS):
                m.next = "REQUEST"
            with m.State("REQUEST"):
                m.d.comb += self.request.valid.eq(1)
                with m.If(self.request.ready):
                    m.d.sync += burst.eq(burst + 1)
                    m.next = "WRITE"
            with m.State("WRITE"), m.If(self.write_next):
                m.next = "EMPTY"
            with m.State("EMPTY"), m.If(~self.write_next):
                m.next = "FILL"
        return m
