"""A board in Python on a pseudo-terminal, as reliable as a test wants it."""

import os
import random
import select
import zlib
from collections.abc import Callable

from fireline.host.link.packets import Packet, PacketFinder
from fireline.hw.link.protocol import SCORES_PER_PART, Identity, Kind, MemoryState
from support.boards.line_server import LineServer


class FakeBoard(LineServer):
    """Implements the board's side of the protocol.

    `line` maps the bytes sent to the board, and those sent by it, to the bytes that arrive.
    """

    def __init__(self, identity: Identity, line: Callable[[bytes], bytes] = bytes):
        super().__init__()
        self.identity = identity
        self.to_board = self.to_host = line
        self.pixels = self.weights = b""
        self.expected = None  # the right weights; None accepts any
        self.memory = MemoryState.TESTING if identity.weight_bytes else MemoryState.READY
        self.after_test = MemoryState.EMPTY
        self.wanted = 0
        self.busy_polls = 2
        self.loading_polls = 0  # answers LOADING although all weights have arrived
        self.unplug_after_chunks = None
        self._controller, self.port = self._open_terminal()

    def scores(self) -> list[int]:
        total = sum(self.pixels)
        return [total * (n + 1) % 2**32 for n in range(self.identity.classes)]

    def _serve(self):
        finder = PacketFinder()
        while True:
            ready, _, _ = select.select([self._controller, self._stop], [], [])
            if self._stop in ready:
                return
            for packet in finder.feed(self.to_board(os.read(self._controller, 4096))):
                if self.unplug_after_chunks == self.wanted:
                    self._unplug()
                    return
                if answer := self.answer(packet):
                    os.write(self._controller, self.to_host(answer.encode()))
            if finder.broken:
                finder.broken = 0
                broken = Packet(Kind.BROKEN, self.wanted)
                os.write(self._controller, self.to_host(broken.encode()))

    def answer(self, packet: Packet) -> Packet | None:
        if packet.kind in (Kind.START, Kind.RESULT) and self.memory is not MemoryState.READY:
            return Packet(Kind.STATE, packet.sequence, bytes([self.memory]))
        match packet.kind:
            case Kind.LOAD:
                self.weights, self.wanted, self.memory = b"", 0, MemoryState.LOADING
                return Packet(Kind.LOADING, packet.sequence)
            case Kind.MEMORY:
                return Packet(Kind.STATE, packet.sequence, bytes([self._memory_now()]))
            case Kind.CHUNK if self.memory is MemoryState.LOADING:
                if packet.sequence == self.wanted:
                    self.weights += packet.data
                    self.wanted = (self.wanted + 1) % 256
                return Packet(Kind.TAKEN, self.wanted)
            case Kind.HELLO:
                return Packet(Kind.IDENTITY, packet.sequence, self.identity.to_bytes())
            case Kind.START:
                self.pixels, self.wanted = b"", 0
                return Packet(Kind.STARTED, packet.sequence)
            case Kind.CHUNK:
                if packet.sequence == self.wanted:
                    self.pixels += packet.data
                    self.wanted = (self.wanted + 1) % 256
                return Packet(Kind.TAKEN, self.wanted)
            case Kind.RESULT:
                if self.busy_polls or len(self.pixels) != self.identity.frame_bytes:
                    self.busy_polls = max(0, self.busy_polls - 1)
                    return Packet(Kind.SCORES, packet.sequence)
                first = packet.data[0] * SCORES_PER_PART
                part = (self.scores() + [0] * SCORES_PER_PART)[first : first + SCORES_PER_PART]
                data = b"".join(score.to_bytes(4, "little") for score in part)
                data += zlib.crc32(self.pixels).to_bytes(4, "little") + packet.data
                return Packet(Kind.SCORES, packet.sequence, data)
        return None

    def _memory_now(self) -> MemoryState:
        """The current state; the next call returns the state that follows it."""
        whole = len(self.weights) == self.identity.weight_bytes
        if self.memory is MemoryState.LOADING and whole:
            if not self.loading_polls:
                self.memory = MemoryState.CHECKING
            self.loading_polls = max(0, self.loading_polls - 1)
        now = self.memory
        if now is MemoryState.TESTING:
            self.memory = self.after_test
        elif now is MemoryState.CHECKING:
            right = self.expected in (None, self.weights)
            self.memory = MemoryState.READY if right else MemoryState.WRONG
        return now


def noisy(rate: float, seed: int) -> Callable[[bytes], bytes]:
    """A line that replaces, drops and inserts bytes, `rate` of them."""
    draw = random.Random(seed)

    def line(sent: bytes) -> bytes:
        arrived = bytearray()
        for byte in sent:
            trouble = draw.random()
            if trouble < rate / 3:
                continue
            if trouble < 2 * rate / 3:
                arrived.append(draw.randrange(256))
            arrived.append(draw.randrange(256) if trouble > 1 - rate / 3 else byte)
        return bytes(arrived)

    return line


def deaf(_: bytes) -> bytes:
    """A line on which no byte arrives."""
    return b""


def babble(sent: bytes) -> bytes:
    """A line on which only noise arrives."""
    return bytes(random.Random(len(sent)).randrange(256) for _ in sent)
