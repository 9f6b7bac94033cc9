"""The board's end of the serial link: bytes in, checked pixels to the core, its scores back.

`protocol` says what the frames mean.
"""

from amaranth.hdl import Array, Cat, Module, ResetInserter, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.utils import ceil_log2

from .average import Score
from .check import CheckAppender, FrameChecker
from .chunk_buffer import ChunkBuffer
from .cobs import COBSDecoder, COBSEncoder, Piece, Symbol
from .protocol import (
    CHUNK_BYTES,
    IDENTITY_BYTES,
    SCORE_BYTES,
    SCORES_PER_PART,
    WINDOW,
    Identity,
    Kind,
    MemoryState,
)
from .stream import StreamBuffer

BUFFER_BYTES = 2048  # one block RAM
REPLY_DEPTH = 128  # the longest answer has 2 + 64 + 4 bytes
ABORT_CYCLES = 16  # far shorter than the answer to START takes on the line

SCORE = Score(8 * SCORE_BYTES)

assert BUFFER_BYTES // 2 >= WINDOW * CHUNK_BYTES, "a window fits when the buffer is roomy"


class Header(data.Struct):
    """A frame from the host: its first two bytes and the first byte of its data."""

    kind: 8
    sequence: 8
    argument: 8


class ScorePlace(data.Struct):
    """Where a byte lies in a part of the scores."""

    byte: range(SCORE_BYTES)
    score: range(SCORES_PER_PART)


class LinkStatus(data.Struct):
    """For lights: a frame was whole or broken (pulses); the scores of the last image are there."""

    whole: 1
    broken: 1
    done: 1


class RequestReceiver(wiring.Component):
    """Checked frames in, requests out, and the bytes of the chunk that is wanted next.

    ``arrived`` pulses with each request; a frame that is broken, or of no known kind, is a request
    of kind BROKEN. After the bytes of `chunk`, ``keep`` or ``drop`` says what to do with them.
    ``loading`` says that they are weights, which only a board with `weights` takes; ``load`` pulses
    when they are to come.

    Latency:    none, combinational
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
        abort_left = Signal(range(ABORT_CYCLES + 1))
        byte = self.i.valid & ~self.i.p.end
        is_wanted = (header.kind == Kind.CHUNK) & (header.sequence == self.wanted)

        m.d.comb += [
            self.i.ready.eq(1),
            self.chunk.payload.eq(self.i.p.byte),
            self.chunk.valid.eq(byte & (place >= 2) & is_wanted),
            self.abort.eq(abort_left != 0),
            self.request.eq(header),
            self.arrived.eq(self.i.valid & self.i.p.end),
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
            with m.If(self.abort | (self.chunk.valid & ~self.chunk.ready)):
                m.d.sync += lost.eq(1)
        with m.If(self.arrived):
            m.d.sync += [place.eq(0), lost.eq(0)]
            m.d.comb += self.drop.eq(~self.keep)
            with m.If(self.i.p.broken | (place < 2) | lost):
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


class PixelPacker(wiring.Component):
    """Bytes in, pixels of ``channels`` bytes out.

    Latency:    1 cycle after a pixel's last byte
    Throughput: one pixel each ``channels`` + 1 cycles
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


class ScoreStore(wiring.Component):
    """Keeps a frame's scores, to be read byte by byte, again and again.

    Takes scores until the last one; ``done`` is then high, and only a reset makes room again.

    Latency:    2 cycles from ``part`` and ``place`` to ``byte``, if they stay as they are
    Throughput: one score a cycle
    """

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
        m.submodules.memory = memory = Memory(
            shape=data.ArrayLayout(8, SCORE_BYTES), depth=depth, init=[]
        )
        write, read = memory.write_port(), memory.read_port()
        count = Signal(range(depth))

        m.d.comb += [
            self.i.ready.eq(~self.done),
            write.addr.eq(count),
            write.data.as_value().eq(self.i.p.score),
            write.en.eq(self.i.valid & self.i.ready),
            read.addr.eq(Cat(self.place.score, self.part)),
        ]
        m.d.sync += self.byte.eq(read.data[self.place.byte])
        with m.If(write.en):
            m.d.sync += [count.eq(count + 1), self.done.eq(self.i.p.last)]
        return m


class Replier(wiring.Component):
    """Requests in, the bytes of their answers out; a newer request takes an unanswered one's place.

    ``roomy`` allows the answer to a chunk. If there are weights to be loaded, the state of their
    ``memory`` is the answer to what needs them, until it is READY.

    Latency:    1 cycle to the first byte
    Throughput: one byte each 3 cycles
    """

    request: In(Header)
    arrived: In(1)
    wanted: In(8)
    roomy: In(1)
    done: In(1)
    memory: In(MemoryState)
    part: Out(8)
    place: Out(ScorePlace)
    byte: In(8)
    o: Out(stream.Signature(Piece))

    def __init__(self, identity: Identity):
        self.identity = identity
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        waiting = Signal()
        newest, current = Signal(Header), Signal(Header)
        left = Signal(range(SCORE_BYTES * SCORES_PER_PART + 1))  # data bytes still to come
        identity = Array(self.identity.to_bytes())
        o = self.o

        m.d.comb += self.part.eq(current.argument)
        with m.FSM():
            with m.State("WAIT"):
                m.d.sync += [current.eq(newest), self.place.eq(0), left.eq(0)]
                with m.If(newest.kind == Kind.HELLO):
                    m.d.sync += left.eq(IDENTITY_BYTES)
                with m.If((newest.kind == Kind.RESULT) & self.done):
                    m.d.sync += left.eq(SCORE_BYTES * SCORES_PER_PART)
                if self.identity.weight_bytes:
                    needs = (newest.kind == Kind.START) | (newest.kind == Kind.RESULT)
                    refused = needs & (self.memory != MemoryState.READY)
                    with m.If(refused | (newest.kind == Kind.MEMORY)):
                        m.d.sync += [current.kind.eq(Kind.MEMORY), left.eq(1)]
                with m.If(waiting & (self.roomy | (newest.kind != Kind.CHUNK))):
                    m.d.sync += waiting.eq(0)
                    m.next = "KIND"
            with m.State("KIND"):
                m.d.comb += [o.valid.eq(1), o.p.byte.eq(current.kind | Kind.ANSWER)]
                with m.If(o.ready):
                    m.next = "SEQUENCE"
            with m.State("SEQUENCE"):
                m.d.comb += [o.valid.eq(1), o.p.byte.eq(current.sequence), o.p.last.eq(left == 0)]
                with m.If((current.kind == Kind.CHUNK) | (current.kind == Kind.BROKEN)):
                    m.d.comb += o.p.byte.eq(self.wanted)
                with m.If(o.ready):
                    m.next = "FETCH"
                    with m.If(o.p.last):
                        m.next = "WAIT"
            with m.State("FETCH"):
                m.next = "CHOOSE"
            with m.State("CHOOSE"):
                m.next = "DATA"
            with m.State("DATA"):
                m.d.comb += [o.valid.eq(1), o.p.byte.eq(self.byte), o.p.last.eq(left == 1)]
                with m.If(current.kind == Kind.HELLO):
                    m.d.comb += o.p.byte.eq(identity[self.place.as_value()])
                with m.Elif(current.kind == Kind.MEMORY):
                    m.d.comb += o.p.byte.eq(self.memory)
                with m.If(o.ready):
                    m.d.sync += [left.eq(left - 1), self.place.eq(self.place.as_value() + 1)]
                    m.next = "FETCH"
                    with m.If(o.p.last):
                        m.next = "WAIT"
        with m.If(self.arrived):
            m.d.sync += [newest.eq(self.request), waiting.eq(1)]
        return m


class Link(wiring.Component):
    """The whole link: the serial line's bytes on one side, the core's streams on the other.

    If the identity has weights to be loaded, there are `load` and `weights`, as `StreamedWeights`
    takes them, and `memory`, its state.

    ``abort`` brings the core back to its initial state for `ABORT_CYCLES`. While the core is slower
    than the line, it is the host that waits: nothing is ever lost in between.

    Latency:    a chunk is handed on 8 cycles after its closing zero
    Throughput: one byte a cycle, a chunk's bytes at ``channels`` / (``channels`` + 1) of that
    """

    def __init__(self, identity: Identity):
        self.identity = identity
        ports = {
            "i": In(stream.Signature(8)),
            "o": Out(stream.Signature(8)),
            "pixel": Out(stream.Signature(data.ArrayLayout(8, identity.channels))),
            "score": In(stream.Signature(SCORE)),
            "abort": Out(1),
            "status": Out(LinkStatus),
        }
        if identity.weight_bytes:
            ports |= {
                "load": Out(1),
                "weights": Out(stream.Signature(8)),
                "memory": In(MemoryState),
            }
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        m.submodules.decoder = decoder = COBSDecoder()
        m.submodules.checker = checker = FrameChecker()
        m.submodules.receiver = receiver = RequestReceiver(bool(self.identity.weight_bytes))
        m.submodules.replier = replier = Replier(self.identity)
        m.submodules.appender = appender = CheckAppender()
        m.submodules.encoder = encoder = COBSEncoder(REPLY_DEPTH)
        buffer = ChunkBuffer(BUFFER_BYTES)
        packer = PixelPacker(self.identity.channels)
        scores = ScoreStore(self.identity.classes)
        m.submodules.buffer = ResetInserter(receiver.abort)(buffer)
        m.submodules.packer = ResetInserter(receiver.abort)(packer)
        m.submodules.scores = ResetInserter(receiver.abort)(scores)

        connect(m, flipped(self.i), decoder.i)
        _connect_buffered(m, "decoded", decoder.o, checker.i)
        _connect_buffered(m, "checked", checker.o, receiver.i)
        connect(m, receiver.chunk, buffer.i)
        self._build_chunks(m, receiver, buffer.o, packer.i, replier)
        connect(m, packer.o, flipped(self.pixel))

        connect(m, flipped(self.score), scores.i)
        _connect_buffered(m, "reply", replier.o, appender.i)
        connect(m, appender.o, encoder.i)
        connect(m, encoder.o, flipped(self.o))
        m.d.comb += [
            buffer.keep.eq(receiver.keep),
            buffer.drop.eq(receiver.drop),
            self.abort.eq(receiver.abort),
            replier.request.eq(receiver.request),
            replier.arrived.eq(receiver.arrived),
            replier.wanted.eq(receiver.wanted),
            replier.roomy.eq(buffer.roomy),
            replier.done.eq(scores.done),
            scores.part.eq(replier.part),
            scores.place.eq(replier.place),
            replier.byte.eq(scores.byte),
            self.status.whole.eq(receiver.arrived & (receiver.request.kind != Kind.BROKEN)),
            self.status.broken.eq(receiver.arrived & (receiver.request.kind == Kind.BROKEN)),
            self.status.done.eq(scores.done),
        ]
        return m

    def _build_chunks(self, m, receiver, chunks, pixels, replier):
        """What is kept of chunks is pixels, or weights, or nothing, of pixels without weights."""
        if not self.identity.weight_bytes:
            connect(m, chunks, pixels)
            return
        m.d.sync += self.load.eq(receiver.load)  # a long way from the serial line's last byte
        m.d.comb += [
            replier.memory.eq(self.memory),
            pixels.payload.eq(chunks.payload),
            self.weights.payload.eq(chunks.payload),
        ]
        with m.If(receiver.loading):
            m.d.comb += [self.weights.valid.eq(chunks.valid), chunks.ready.eq(self.weights.ready)]
        with m.Elif(self.memory == MemoryState.READY):
            m.d.comb += [pixels.valid.eq(chunks.valid), chunks.ready.eq(pixels.ready)]
        with m.Else():
            m.d.comb += chunks.ready.eq(1)


def _connect_buffered(m, name, source, sink):
    """A stream with a buffer on its way, which keeps the ways within a cycle short."""
    m.submodules[name] = buffer = StreamBuffer(source.payload.shape())
    connect(m, source, buffer.i)
    connect(m, buffer.o, sink)
