"""The board's side of the link: bytes in, checked pixels to the core, the core's scores back.

`protocol` defines the packets; the package's docstring has a diagram.
"""

from amaranth.hdl import Module, ResetInserter
from amaranth.lib import data, stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out, connect, flipped

from ..lib import routing
from ..lib.delay import delay
from ..lib.skid_buffer import SkidBuffer
from .check import CheckAppender, PacketChecker
from .chunk_buffer import ChunkBuffer
from .cobs import COBSDecoder, COBSEncoder
from .pixel_packer import PixelPacker
from .protocol import CHUNK_BYTES, MOST_CHUNKS_AHEAD, Identity, Kind, MemoryState
from .replier import Replier
from .requests import RequestReceiver
from .score_store import SCORE, ScoreStore

BUFFER_BYTES = 2048
"""One block RAM."""

REPLY_BYTES = 128
"""The encoder's memory; the longest answer has 2 + 69 + 4 bytes."""

assert BUFFER_BYTES // 2 - ChunkBuffer.IN_FLIGHT >= MOST_CHUNKS_AHEAD * CHUNK_BYTES, "chunks fit"

TO_LOADER_CYCLES = 2
"""Delay of `load`: no byte of the previous weights leaves after it."""

TO_REPLIER_CYCLES = 2
"""Delay of a request: the buffer's `roomy` then counts the bytes that the request accepted."""


class LinkStatus(data.Struct):
    """What the board's lights show."""

    whole: 1  # pulse: a whole packet has arrived
    broken: 1  # pulse: a broken packet has arrived
    done: 1  # the last frame's scores are stored


class Link(wiring.Component):
    """Executes the protocol between the carrier's bytes and the core's streams.

    No byte is lost while the core is slower than the carrier, because the host waits for answers.

    Parameters
        identity: what the board runs; `weight_bytes` > 0 adds the last three members
    Members
        i: in stream of the carrier's bytes
        o: out stream of bytes to the carrier
        pixel: out stream of pixels to the core (`channels` bytes)
        score: in stream of the core's scores
        abort: out for `ABORT_CYCLES`, resets the core
        status: out, for lights
        load: out pulse, new weights follow, see `StreamedWeights`
        weights: out stream of the weights' bytes
        memory: in, state of the external memory
    Latency
        9 cycles from a chunk's closing zero to its first pixel, plus `ChunkBuffer.READ_CYCLES` for
        each further byte of that pixel
    Throughput
        one byte a cycle in; one byte of a chunk in `ChunkBuffer.READ_CYCLES` out
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
        m.submodules.receiver = receiver = RequestReceiver(bool(self.identity.weight_bytes))
        m.submodules.replier = replier = Replier(self.identity)
        buffer, scores = ChunkBuffer(BUFFER_BYTES), ScoreStore(self.identity.classes)
        _add_cleared(m, receiver, buffer=buffer, scores=scores)

        self._build_request_path(m, receiver)
        self._build_chunk_path(m, receiver, buffer, replier)
        self._build_score_path(m, receiver, scores, replier)
        self._build_answer_path(m, replier)
        m.d.comb += [
            self.abort.eq(routing.copy(m, receiver.abort, reset_less=False)),
            replier.request.eq(delay(m, receiver.request, TO_REPLIER_CYCLES)),
            replier.arrived.eq(delay(m, receiver.arrived, TO_REPLIER_CYCLES, reset_less=False)),
            replier.wanted.eq(receiver.wanted),
            replier.roomy.eq(buffer.roomy),
            self.status.whole.eq(receiver.arrived & (receiver.request.kind != Kind.BROKEN)),
            self.status.broken.eq(receiver.arrived & (receiver.request.kind == Kind.BROKEN)),
        ]
        return m

    def _build_request_path(self, m, receiver):
        """The carrier's bytes to the receiver: decoded, then checked."""
        m.submodules.decoder = decoder = COBSDecoder()
        m.submodules.checker = checker = PacketChecker()
        connect(m, flipped(self.i), decoder.i)
        _connect_buffered(m, "decoded", decoder.o, checker.i)
        _connect_buffered(m, "checked", checker.o, receiver.i)

    def _build_answer_path(self, m, replier):
        """The replier's bytes to the carrier: with their check, then stuffed."""
        m.submodules.appender = appender = CheckAppender()
        m.submodules.encoder = encoder = COBSEncoder(REPLY_BYTES)
        _connect_buffered(m, "reply", replier.o, appender.i)
        connect(m, appender.o, encoder.i)
        _connect_buffered(m, "line", encoder.o, flipped(self.o))

    def _build_score_path(self, m, receiver, scores, replier):
        """The core's scores to the store, and from there to the replier."""
        arriving = SkidBuffer(SCORE)  # the core is far
        _add_cleared(m, receiver, arriving=arriving)
        connect(m, flipped(self.score), arriving.i)
        connect(m, arriving.o, scores.i)
        m.d.comb += [
            scores.part.eq(replier.part),
            scores.place.eq(replier.place),
            replier.byte.eq(scores.byte),
            replier.done.eq(scores.done),
            self.status.done.eq(scores.done),
        ]

    def _build_chunk_path(self, m, receiver, buffer, replier):
        """The chunks' bytes through the buffer to the core, or to the weights' loader."""
        kept, pixels = SkidBuffer(8), SkidBuffer(8)  # the core and the loader are far
        packer = PixelPacker(self.identity.channels)
        _add_cleared(m, receiver, kept=kept, pixels=pixels, packer=packer)
        connect(m, receiver.chunk, buffer.i)
        connect(m, buffer.o, kept.i)
        if self.identity.weight_bytes:
            self._build_weights(m, receiver, kept.o, pixels.i, replier)
        else:
            connect(m, kept.o, pixels.i)
        connect(m, pixels.o, packer.i)
        connect(m, packer.o, flipped(self.pixel))
        m.d.comb += [buffer.keep.eq(receiver.keep), buffer.drop.eq(receiver.drop)]
        self._build_frame_check(m, receiver, pixels.o, replier)

    def _build_frame_check(self, m, receiver, pixels, replier):
        """The CRC-32 of the bytes that go to the core."""
        crc = CRC32_ISO_HDLC().create()
        _add_cleared(m, receiver, frame_check=crc)
        m.d.comb += [
            crc.data.eq(pixels.payload),
            crc.valid.eq(pixels.valid & pixels.ready),
            replier.check.eq(crc.crc),
        ]

    def _build_weights(self, m, receiver, chunks, pixels, replier):
        """Sends the bytes of chunks to the loader while weights arrive, otherwise to the core.

        The bytes of a frame are discarded unless the weights are ready.
        """
        weights = SkidBuffer(8)
        _add_cleared(m, receiver, weights=weights)
        connect(m, weights.o, flipped(self.weights))
        # The loader and the memory's controller are far.
        load = delay(m, receiver.load, TO_LOADER_CYCLES, reset_less=False)
        memory = routing.delay(m, self.memory, 1, reset_less=False)
        ready = routing.delay(m, memory == MemoryState.READY, 1, reset_less=False)
        m.d.comb += [
            self.load.eq(load),
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


def _add_cleared(m, receiver, **blocks):
    """Adds blocks that an abort resets."""
    for name, block in blocks.items():
        abort = routing.copy(m, receiver.abort, reset_less=False)
        m.submodules[name] = ResetInserter(abort)(block)


def _connect_buffered(m, name, source, sink):
    """Connects two streams through a skid buffer, which cuts the paths between them."""
    m.submodules[name] = buffer = SkidBuffer(source.payload.shape())
    connect(m, source, buffer.i)
    connect(m, buffer.o, sink)
