"""The serial link's language, as both ends speak it.

A frame is ``kind, sequence, data, CRC-32`` (as in Ethernet, lowest byte first), stuffed by COBS
and closed by a zero byte. The host asks, the board answers; numbers have their lowest byte first.

| host sends | sequence   | data             | board answers | sequence   | data               |
|------------|------------|------------------|---------------|------------|--------------------|
| HELLO      | any        |                  | IDENTITY      | the same   | `Identity`         |
| START      | any        |                  | STARTED       | the same   |                    |
| CHUNK      | its number | 1 to 240 bytes   | TAKEN         | the next   |                    |
|            |            | of the image     |               | one wanted |                    |
| RESULT     | any        | number of a part | SCORES        | the same   | 16 scores; none    |
|            |            |                  |               |            | while still at work|
| LOAD       | any        |                  | LOADING       | the same   |                    |
| MEMORY     | any        |                  | STATE         | the same   | `MemoryState`      |
| (broken)   |            |                  | BROKEN        | next chunk |                    |

START clears everything: a half-received image, a half-computed frame, the last scores; chunks are
then numbered from 0 (modulo 256). The board hands a chunk to the core only when it is whole and the
one that it wants next; every other chunk changes nothing, and is answered all the same. TAKEN waits
until there is room for `WINDOW` more chunks, so the host may send that many ahead of the answers.
A RESULT may be asked again and again, until the next START.

A board whose classifier's weights lie in external memory knows LOAD and MEMORY, too. LOAD clears
everything as START does, but the chunks after it are the weights; with the last of them the board
reads all of them back and checks them. Weights stay until the next LOAD, or power-off. Unless they
are there and right, START and RESULT are answered by STATE: there are no scores, and chunks of an
image are taken and forgotten.

Only the newest frame is answered: a host that gets no answer in time asks again. So does one that
gets BROKEN: a frame arrived whose check failed, or that no board of this version understands.
"""

import enum
import struct
from dataclasses import astuple, dataclass
from typing import ClassVar, Self

VERSION = 2
CHUNK_BYTES = 240
WINDOW = 4
SCORES_PER_PART = 16
SCORE_BYTES = 4
IDENTITY_BYTES = 18


class Kind(enum.IntEnum):
    """The first byte of a frame; an answer's is its request's with the bit ANSWER set."""

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
    """What a board knows of its external memory and of the weights therein."""

    TESTING = 0  # right after power-up
    FAULT = 1  # the test failed: there is no such memory, or a line is broken
    EMPTY = 2  # sound, and without weights
    LOADING = 3
    CHECKING = 4  # all weights have come and are read back
    WRONG = 5  # what was read back is not what this network needs
    READY = 6
    CORRUPT = 7  # the weights were right, but not when they were read for a frame


@dataclass(frozen=True)
class Identity:
    """Which network a board runs, and what it takes and gives."""

    network: int  # CRC-32 of the quantized network
    width: int
    height: int
    channels: int
    classes: int
    weight_bytes: int = 0  # to be loaded into external memory
    ci: int = 0  # of the array: the order of the weights hangs on it
    co: int = 0

    FORMAT: ClassVar[str] = "<BIHHBHIBB"

    def to_bytes(self) -> bytes:
        """The data of an IDENTITY: the version of the protocol, then the fields."""
        return struct.pack(self.FORMAT, VERSION, *astuple(self))

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        """Undoes `to_bytes`; the version is the caller's to check, it is ``encoded[0]``."""
        _, *fields = struct.unpack(cls.FORMAT, encoded)
        return cls(*fields)

    @property
    def image_bytes(self) -> int:
        return self.width * self.height * self.channels
