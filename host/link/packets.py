"""Packets of the link: encoded for the line, and found among the bytes that arrive."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from cobs import cobs

from ...hw.link.protocol import Kind

LONGEST = 512
"""Stuffed bytes of the longest packet that is worth decoding; more is noise."""

CHECK_BYTES = 4


@dataclass(frozen=True)
class Packet:
    """One packet without its check."""

    kind: Kind
    sequence: int
    data: bytes = b""

    def encode(self) -> bytes:
        """The bytes for the line, the closing zero included."""
        packet = bytes((self.kind, self.sequence)) + self.data
        return cobs.encode(packet + zlib.crc32(packet).to_bytes(CHECK_BYTES, "little")) + b"\0"


def decode(stuffed: bytes) -> Packet | None:
    """The packet between two zeros; None if it is broken or of an unknown kind."""
    try:
        packet = cobs.decode(stuffed)
    except cobs.DecodeError:
        return None
    packet, check = packet[:-CHECK_BYTES], packet[-CHECK_BYTES:]
    if len(packet) < 2 or zlib.crc32(packet).to_bytes(CHECK_BYTES, "little") != check:
        return None
    try:
        return Packet(Kind(packet[0]), packet[1], packet[2:])
    except ValueError:
        return None


@dataclass
class PacketFinder:
    """Finds whole packets in arriving bytes and skips everything else.

    `broken` counts the byte sequences between two zeros that were no packets.
    """

    pending: bytearray = field(default_factory=bytearray)
    broken: int = 0

    def feed(self, arrived: bytes) -> Iterator[Packet]:
        """Yields the packets that `arrived` completes."""
        self.pending += arrived
        *candidates, rest = self.pending.split(b"\0")
        self.pending = rest[-LONGEST:]
        for stuffed in candidates:
            if packet := decode(bytes(stuffed)):
                yield packet
            elif stuffed:
                self.broken += 1
