"""Receives the host's requests: the packets' bytes in, requests and the bytes of chunks out."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .cobs import Symbol
from .protocol import Kind

ABORT_CYCLES = 16
"""Cycles of an abort. The answer to START takes far longer on any carrier."""


class Header(data.Struct):
    """The first two bytes of a packet from the host, and the first byte of its data."""

    kind: 8
    sequence: 8
    argument: 8


class RequestReceiver(wiring.Component):
    """Turns checked packets into requests and passes on the bytes of the chunk wanted next.

    A packet that is broken or of an unknown kind becomes a request of kind BROKEN. A byte that
    finds `chunk` not ready makes its packet broken.

    Parameters
        weights: whether the board takes weights and understands LOAD and MEMORY
    Members
        i: in stream of checked packets, always ready
        chunk: out stream of the bytes of the chunk wanted next, unconfirmed
        keep: out pulse after each packet, accepts the bytes sent on `chunk` since the last one
        drop: out pulse after each packet that `keep` does not accept, discards these bytes
        request: out, valid while `arrived`
        arrived: out pulse, a request
        wanted: out, number of the chunk wanted next (8 bits, modulo 256)
        abort: out for `ABORT_CYCLES` after START and LOAD, resets what belongs to a frame
        load: out pulse with LOAD, weights follow
        loading: out, chunks are weights
    Latency
        none for a chunk's bytes; 1 cycle from a packet's end to its request
    Throughput
        one byte a cycle
    """

    i: In(stream.Signature(Symbol))
    chunk: Out(stream.Signature(8))
    keep: Out(1)
    drop: Out(1)
    request: Out(Header)
    arrived: Out(1)
    wanted: Out(8)
    abort: Out(1)
    load: Out(1)
    loading: Out(1)

    def __init__(self, weights: bool = False):
        self.weights = weights
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        header, place = self._build_header(m)
        ended, bad = Signal(), Signal()
        lost = Signal()  # a byte of this packet found no room, or arrived during an abort
        refused = Signal()  # the previous byte found no room
        byte = self.i.valid & ~self.i.p.end
        is_wanted = (header.kind == Kind.CHUNK) & (header.sequence == self.wanted)

        m.d.comb += [
            self.i.ready.eq(1),
            self.chunk.payload.eq(self.i.p.byte),
            self.chunk.valid.eq(byte & (place >= 2) & is_wanted),
            self.request.eq(header),
            self.arrived.eq(ended),
        ]
        # The verdict on a packet follows one cycle after its end, from registers only.
        m.d.sync += [
            ended.eq(self.i.valid & self.i.p.end),
            bad.eq(self.i.p.broken | (place < 2) | lost | refused),
            refused.eq(self.chunk.valid & ~self.chunk.ready),
        ]
        with m.If((byte & self.abort) | refused):
            m.d.sync += lost.eq(1)
        with m.If(self.i.valid & self.i.p.end):
            m.d.sync += lost.eq(0)
        self._build_verdict(m, ended, bad, header, is_wanted)
        return m

    def _build_header(self, m):
        """Stores the packet's first bytes. Returns them and the place of the byte awaited.

        Places are 0 for the kind, 1 for the sequence, 2 for the argument, 3 for any later byte.
        """
        header, place = Signal(Header), Signal(range(4))
        with m.If(self.i.valid & ~self.i.p.end):
            with m.Switch(place):
                with m.Case(0):
                    m.d.sync += header.kind.eq(self.i.p.byte)
                with m.Case(1):
                    m.d.sync += header.sequence.eq(self.i.p.byte)
                with m.Case(2):
                    m.d.sync += header.argument.eq(self.i.p.byte)
            with m.If(place != 3):
                m.d.sync += place.eq(place + 1)
        with m.If(self.i.valid & self.i.p.end):
            m.d.sync += place.eq(0)
        return header, place

    def _build_verdict(self, m, ended, bad, header, is_wanted):
        """Acts on the packet that ended in the cycle before."""
        abort_left = Signal(range(ABORT_CYCLES + 1))
        m.d.comb += self.abort.eq(abort_left != 0)
        with m.If(self.abort):
            m.d.sync += abort_left.eq(abort_left - 1)
        with m.If(ended):
            m.d.comb += self.drop.eq(~self.keep)
            with m.If(bad):
                m.d.comb += self.request.kind.eq(Kind.BROKEN)
            with m.Else(), m.Switch(header.kind):
                with m.Case(Kind.CHUNK):
                    m.d.comb += self.keep.eq(is_wanted)
                    m.d.sync += self.wanted.eq(self.wanted + is_wanted)
                with m.Case(Kind.START, *([Kind.LOAD] if self.weights else [])):
                    m.d.comb += self.load.eq(header.kind != Kind.START)
                    m.d.sync += [
                        self.wanted.eq(0),
                        self.loading.eq(self.load),
                        abort_left.eq(ABORT_CYCLES),
                    ]
                with m.Case(Kind.HELLO, Kind.RESULT, *([Kind.MEMORY] if self.weights else [])):
                    pass
                with m.Default():
                    m.d.comb += self.request.kind.eq(Kind.BROKEN)
