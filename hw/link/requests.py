"""What the host asks for: checked frames in, requests and the bytes of chunks out."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .cobs import Symbol
from .protocol import Kind

ABORT_CYCLES = 16  # far shorter than the answer to START takes on the line


class Header(data.Struct):
    """A frame from the host: its first two bytes and the first byte of its data."""

    kind: 8
    sequence: 8
    argument: 8


class RequestReceiver(wiring.Component):
    """Checked frames in, requests out, and the bytes of the chunk that is wanted next.

    ``arrived`` pulses with each request; a frame that is broken, or of no known kind, is a request
    of kind BROKEN. After the bytes of `chunk`, ``keep`` or ``drop`` says what to do with them.
    ``loading`` says that they are weights, which only a board with `weights` takes; ``load`` pulses
    when they are to come.

    Latency:    none for a chunk's bytes, 1 cycle from a frame's end to its request
    Throughput: one byte a cycle
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
        header = Signal(Header)
        place = Signal(range(4))  # the byte awaited: kind, sequence, argument, or any later one
        lost = Signal()  # a byte found no room, or an abort under way
        refused = Signal()  # the byte before found no room
        ended, bad = Signal(), Signal()
        abort_left = Signal(range(ABORT_CYCLES + 1))
        byte = self.i.valid & ~self.i.p.end
        is_wanted = (header.kind == Kind.CHUNK) & (header.sequence == self.wanted)

        m.d.comb += [
            self.i.ready.eq(1),
            self.chunk.payload.eq(self.i.p.byte),
            self.chunk.valid.eq(byte & (place >= 2) & is_wanted),
            self.abort.eq(abort_left != 0),
            self.request.eq(header),
            self.arrived.eq(ended),
        ]
        # What comes of a frame is settled a cycle after its end, all from registers.
        m.d.sync += [
            ended.eq(self.i.valid & self.i.p.end),
            bad.eq(self.i.p.broken | (place < 2) | lost | refused),
            refused.eq(self.chunk.valid & ~self.chunk.ready),
        ]
        with m.If(self.abort):
            m.d.sync += abort_left.eq(abort_left - 1)
        with m.If(byte):
            with m.Switch(place):
                with m.Case(0):
                    m.d.sync += header.kind.eq(self.i.p.byte)
                with m.Case(1):
                    m.d.sync += header.sequence.eq(self.i.p.byte)
                with m.Case(2):
                    m.d.sync += header.argument.eq(self.i.p.byte)
            with m.If(place != 3):
                m.d.sync += place.eq(place + 1)
        with m.If((byte & self.abort) | refused):
            m.d.sync += lost.eq(1)
        with m.If(self.i.valid & self.i.p.end):
            m.d.sync += [place.eq(0), lost.eq(0)]
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
        return m
