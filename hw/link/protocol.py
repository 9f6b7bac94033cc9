"""The protocol of host and board, whatever carries its bytes.

A packet is ``kind, sequence, data, CRC-32`` (as in Ethernet), stuffed by COBS and closed by a zero
byte. The host sends requests; the board answers. Every number has its lowest byte first.

| host sends | sequence   | data             | board answers | sequence   | data               |
|------------|------------|------------------|---------------|------------|--------------------|
| HELLO      | any        |                  | IDENTITY      | the same   | `Identity`         |
| START      | any        |                  | STARTED       | the same   |                    |
| CHUNK      | its number | 1 to 240 bytes   | TAKEN         | the next   |                    |
|            |            | of the frame     |               | one wanted |                    |
| RESULT     | any        | number of a part | SCORES        | the same   | 16 scores, check,  |
|            |            |                  |               |            | number of the part;|
|            |            |                  |               |            | none while it      |
|            |            |                  |               |            | computes           |
| LOAD       | any        |                  | LOADING       | the same   |                    |
| MEMORY     | any        |                  | STATE         | the same   | `MemoryState`      |
| (broken)   |            |                  | BROKEN        | next chunk |                    |

START clears everything: a half-received or half-computed frame, and the last scores. The chunks
after it are numbered from 0, modulo 256. The board passes a chunk to the core only if the chunk is
whole and the next one wanted. Any other chunk changes nothing, but gets its answer. The board sends
TAKEN when it has room for `MOST_CHUNKS_AHEAD` more chunks; the host may therefore send that many
before it waits for an answer. The host may repeat RESULT until the next START.

The check in SCORES is the CRC-32 of the bytes that the core has taken since START. It says which
picture the scores belong to, and the number which of them they are: if two programs use one line,
neither takes scores of a picture that it did not send. Two pictures have the same check with a
probability of 1 in 2**32.

Only boards whose classifier's weights lie in external memory understand LOAD and MEMORY. LOAD
clears everything as START does, but the chunks after it are weights. After the last of them the
board reads all weights back and checks them. Weights stay until the next LOAD or power-off. Unless
they are present and correct, the board answers START and RESULT by STATE: it has no scores, and it
discards the chunks of a frame.

The board answers the newest packet only; a host that gets no answer in time repeats its request. So
does a host that gets BROKEN: a packet's check failed, or this board does not understand the packet.
"""

import enum
import struct
from dataclasses import astuple, dataclass
from typing import ClassVar, Self

VERSION = 3
CHUNK_BYTES = 240
"""The most that a chunk holds."""

MOST_CHUNKS_AHEAD = 4
"""Chunks that the host may send ahead of the board's answers."""

SCORES_PER_PART = 16
SCORE_BYTES = 4
FRAME_CHECK_BYTES = 4
IDENTITY_BYTES = 18


class Kind(enum.IntEnum):
    """The first byte of a packet; an answer's is its request's with the bit ANSWER set."""

    ANSWER = 0x80
    HELLO = 0x01
    START = 0x02
    CHUNK = 0x03
    RESULT = 0x04
    LOAD = 0x06
    MEMORY = 0x07
    IDENTITY = 0x81
    STARTED = 0x82
    TAKEN = 0x83
    SCORES = 0x84
    BROKEN = 0x85
    LOADING = 0x86
    STATE = 0x87


class MemoryState(enum.IntEnum):
    """The state of a board's external memory and of the weights in it."""

    TESTING = 0  # after power-up
    FAULT = 1  # the test failed: there is no such memory, or a line is broken
    EMPTY = 2  # the memory works and has no weights
    LOADING = 3  # weights are arriving
    CHECKING = 4  # all weights have arrived, and the board reads them back
    WRONG = 5  # the weights read back are not those of this network
    READY = 6
    CORRUPT = 7  # a read for a frame found that the weights have changed


@dataclass(frozen=True)
class Identity:
    """Which network a board runs, what it takes and what it returns."""

    network: int  # CRC-32 of the quantized network
    width: int  # pixels of a frame's row
    height: int  # rows
    channels: int
    classes: int
    weight_bytes: int = 0  # for the external memory; 0 if all weights are on the chip
    ci: int = 4  # of the array, which determines the order of the weights
    co: int = 4

    FORMAT: ClassVar[str] = "<BIHHBHIBB"

    def to_bytes(self) -> bytes:
        """The data of an IDENTITY: the version of the protocol, then the fields."""
        return struct.pack(self.FORMAT, VERSION, *astuple(self))

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        """Inverts `to_bytes`; the caller checks the version, ``encoded[0]``."""
        _, *fields = struct.unpack(cls.FORMAT, encoded)
        return cls(*fields)

    @property
    def frame_bytes(self) -> int:
        return self.width * self.height * self.channels
