"""The boards that Fireline knows, a file for each vendor or board.

To add a board, write a module that defines `BOARDS`, a tuple of `Board`s (see `ulx3s` for an
example), and append it to `FAMILIES`. `BoardTop` expects these resources of the board's Amaranth
platform: the default clock, `uart` 0 and, for streamed weights, `sdram` 0. Run
`tests/hw/boards`.
"""

from ...errors import FirelineError
from . import icepi_zero, ulx3s
from .board import Board

FAMILIES = (ulx3s, icepi_zero)
BOARDS = {board.name: board for family in FAMILIES for board in family.BOARDS}


def find_board(name: str) -> Board:
    """The board of this name. Raises FirelineError if there is none."""
    if name not in BOARDS:
        raise FirelineError(f"there is no board {name!r}: choose one of {', '.join(BOARDS)}")
    return BOARDS[name]
