"""The board's end of the serial link: bytes in, checked pixels to the core, its scores back.

`protocol` says what the frames mean.
"""

from amaranth.hdl import Module, ResetInserter
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ..lib import routing
from ..lib.delay import delay
from ..lib.skid_buffer import SkidBuffer
from .check import CheckAppender, FrameChecker
from .chunk_buffer import ChunkBuffer
from .cobs import COBSDecoder, COBSEncoder
from .pixel_packer import PixelPacker
from .protocol import CHUNK_BYTES, WINDOW, Identity, Kind, MemoryState
from .replier import Replier
from .requests import RequestReceiver
from .score_store import SCORE, ScoreStore

BUFFER_BYTES = 2048  # one block RAM
REPLY_DEPTH = 128  # the longest answer has 2 + 64 + 4 bytes

assert BUFFER_BYTES // 2 - ChunkBuffer.ON_THEIR_WAY >= WINDOW * CHUNK_BYTES, "a window fits"

TO_LOADER = 2
"""Cycles for the news that weights are loaded: no byte of the last ones comes after it."""

TO_REPLIER = 2
"""Cycles for a request: after them the buffer says how much room there is with its bytes."""


class LinkStatus(data.Struct):
    """For lights: a frame was whole or broken (pulses); the scores of the last image are there."""

    whole: 1
    broken: 1
    done: 1


class Link(wiring.Component):
    """The whole link: the serial line's bytes on one side, the core's streams on the other.

    If the identity has weights to be loaded, there are `load` and `weights`, as `StreamedWeights`
    takes them, and `memory`, its state.

    ``abort`` brings the core back to its initial state for `ABORT_CYCLES`. While the core is slower
    than the line, it is the host that waits: nothing is ever lost in between.

    Latency:    a chunk is handed on 11 cycles after its closing zero
    Throughput: one byte a cycle, a chunk's bytes one each `ChunkBuffer.READ_CYCLES`
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
        # For the core and the weights' loader are far.
        kept, pixels, arriving = SkidBuffer(8), SkidBuffer(8), SkidBuffer(SCORE)
        cleared = {
            "buffer": buffer, "kept": kept, "pixels": pixels, "packer": packer,
            "arriving": arriving, "scores": scores,
        }  # fmt: skip
        for name, block in cleared.items():
            _add_cleared(m, name, block, receiver)

        connect(m, flipped(self.i), decoder.i)
        _connect_buffered(m, "decoded", decoder.o, checker.i)
        _connect_buffered(m, "checked", checker.o, receiver.i)
        connect(m, receiver.chunk, buffer.i)
        connect(m, buffer.o, kept.i)
        self._build_chunks(m, receiver, kept.o, pixels.i, replier)
        connect(m, pixels.o, packer.i)
        connect(m, packer.o, flipped(self.pixel))

        connect(m, flipped(self.score), arriving.i)
        connect(m, arriving.o, scores.i)
        _connect_buffered(m, "reply", replier.o, appender.i)
        connect(m, appender.o, encoder.i)
        _connect_buffered(m, "line", encoder.o, flipped(self.o))
        m.d.comb += [
            buffer.keep.eq(receiver.keep),
            buffer.drop.eq(receiver.drop),
            self.abort.eq(routing.copy(m, receiver.abort, reset_less=False)),
            replier.request.eq(delay(m, receiver.request, TO_REPLIER)),
            replier.arrived.eq(delay(m, receiver.arrived, TO_REPLIER, reset_less=False)),
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
        weights = SkidBuffer(8)
        _add_cleared(m, "weights", weights, receiver)
        connect(m, weights.o, flipped(self.weights))
        # All of it is a long way from here.
        m.d.comb += self.load.eq(delay(m, receiver.load, TO_LOADER, reset_less=False))
        memory = delay(m, self.memory, 1, reset_less=False)
        ready = delay(m, memory == MemoryState.READY, 1, reset_less=False)
        m.d.comb += [
            replier.memory.eq(memory),
            pixels.payload.eq(chunks.payload),
            weights.i.payload.eq(chunks.payload),
        ]
        with m.If(receiver.loading):
            m.d.comb += [weights.i.valid.eq(chunks.valid), chunks.ready.eq(weights.i.ready)]
        with m.Elif(ready):
            m.d.comb += [pixels.valid.eq(chunks.valid), chunks.ready.eq(pixels.ready)]
        with m.Else():
            m.d.comb += chunks.ready.eq(1)


def _add_cleared(m, name, block, receiver):
    """A block that an abort brings back to its initial state."""
    abort = routing.copy(m, receiver.abort, reset_less=False)
    m.submodules[name] = ResetInserter(abort)(block)


def _connect_buffered(m, name, source, sink):
    """A stream with a buffer on its way, which keeps the ways within a cycle short."""
    m.submodules[name] = buffer = SkidBuffer(source.payload.shape())
    connect(m, source, buffer.i)
    connect(m, buffer.o, sink)
