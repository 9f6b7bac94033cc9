"""The boards that Fireline knows, a file a vendor or board. A new one goes into `FAMILIES`."""

from ...errors import FirelineError
from . import ulx3s
from .board import Board

FAMILIES = (ulx3s,)
BOARDS = {board.name: board for family in FAMILIES for board in family.BOARDS}


def find_board(name: str) -> Board:
    """The board of this name."""
    if name not in BOARDS:
        raise FirelineError(f"there is no board {name!r}: choose one of {', '.join(BOARDS)}")
    return BOARDS[name]
