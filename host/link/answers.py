"""What a board's answers say.

A packet whose check is right may still hold nonsense: another program's bitstream, or a board whose
clock is too fast. Each function raises FirelineError, which begins with ``board``, for an answer
that no board of ours gives.
"""

from typing import NamedTuple, NoReturn

from ...errors import FirelineError
from ...hw.link.protocol import (
    FRAME_CHECK_BYTES,
    IDENTITY_BYTES,
    SCORE_BYTES,
    SCORES_PER_PART,
    VERSION,
    Identity,
    MemoryState,
)
from ...hw.program import ArrayShape

MOST_PIXELS = 1024
"""Of a picture's side."""
MOST_CLASSES = 4096
SCORES_BYTES = SCORES_PER_PART * SCORE_BYTES


class Scores(NamedTuple):
    """A part of a frame's scores."""

    encoded: bytes
    check: int  # of the frame, a CRC-32
    part: int


def read_identity(board: str, data: bytes) -> Identity:
    """The identity in an IDENTITY; FirelineError also for another version of the protocol."""
    if data[:1] != bytes([VERSION]) or len(data) != IDENTITY_BYTES:
        raise FirelineError(
            f"{board} speaks version {data[0] if data else '?'} of the link, "
            f"this program version {VERSION}: build and flash the board again"
        )
    identity = Identity.from_bytes(data)
    for what, value, allowed in (
        ("rows", identity.height, range(1, MOST_PIXELS + 1)),
        ("columns", identity.width, range(1, MOST_PIXELS + 1)),
        ("channels", identity.channels, (1, 3)),
        ("classes", identity.classes, range(1, MOST_CLASSES + 1)),
    ):
        if value not in allowed:
            _nonsense(board, f"a network with {value} {what}")
    try:
        ArrayShape(identity.ci, identity.co)
    except ValueError:
        _nonsense(board, f"an array of {identity.ci}x{identity.co}")
    return identity


def read_memory_state(board: str, data: bytes) -> MemoryState:
    """The state of the board's memory in a STATE."""
    if len(data) != 1 or data[0] not in list(MemoryState):
        _nonsense(board, f"the memory state {data.hex() or 'nothing'}")
    return MemoryState(data[0])


def read_scores(board: str, data: bytes) -> Scores | None:
    """What a SCORES holds; None while the board computes."""
    if not data:
        return None
    if len(data) != SCORES_BYTES + FRAME_CHECK_BYTES + 1:
        _nonsense(board, f"{len(data)} bytes of scores")
    check = int.from_bytes(data[SCORES_BYTES:-1], "little")
    return Scores(data[:SCORES_BYTES], check, data[-1])


def _nonsense(board: str, what: str) -> NoReturn:
    raise FirelineError(f"{board} answers with {what}, which none does: build and flash it again")
