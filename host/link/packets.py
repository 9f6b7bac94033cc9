"""Frames of the serial link: built to be sent, and found in whatever bytes arrive."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from cobs import cobs

from ...hw.link.protocol import Kind

LONGEST = 512  # stuffed bytes; anything longer is noise
CHECK_BYTES = 4


@dataclass(frozen=True)
class Frame:
    """One frame, without its check."""

    kind: Kind
    sequence: int
    data: bytes = b""

    def encode(self) -> bytes:
        """The bytes for the line, the closing zero included."""
        frame = bytes((self.kind, self.sequence)) + self.data
        return cobs.encode(frame + zlib.crc32(frame).to_bytes(CHECK_BYTES, "little")) + b"\0"


def decode(stuffed: bytes) -> Frame | None:
    """The frame between two zeros, or nothing if it is broken or of no known kind."""
    try:
        frame = cobs.decode(stuffed)
    except cobs.DecodeError:
        return None
    frame, check = frame[:-CHECK_BYTES], frame[-CHECK_BYTES:]
    if len(frame) < 2 or zlib.crc32(frame).to_bytes(CHECK_BYTES, "little") != check:
        return None
    try:
        return Frame(Kind(frame[0]), frame[1], frame[2:])
    except ValueError:
        return None


@dataclass
class FrameFinder:
    """Finds whole frames in arriving bytes, and passes over everything else."""

    pending: bytearray = field(default_factory=bytearray)
    broken: int = 0

    def feed(self, arrived: bytes) -> Iterator[Frame]:
        """Yields the frames that ``arrived`` completes."""
        self.pending += arrived
        *candidates, rest = self.pending.split(b"\0")
        self.pending = rest[-LONGEST:]
        for stuffed in candidates:
            if frame := decode(bytes(stuffed)):
                yield frame
            elif stuffed:
                self.broken += 1
