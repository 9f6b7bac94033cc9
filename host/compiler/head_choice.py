"""Where the classifier's weights are: on the chip, or streamed from the board's SDRAM."""

import enum

from ...errors import FirelineError
from ...hw.boards import BOARDS
from ...hw.boards.board import Board
from ...hw.program import ArrayShape
from ..network.quantized import QuantizedNetwork
from .buffers import StreamedHead
from .compile import Compiled, compile_network
from .resources import fits

LARGEST = max(BOARDS.values(), key=lambda board: board.block_rams)
"""The board to compile for if none is named."""

MOST_OVERLAID = 4
"""The most rows of a streamed classifier's input that are tried over earlier layers' buffers."""


class HeadPlace(enum.StrEnum):
    """Where the classifier's weights are; AUTO: on the chip if the network then fits the board."""

    AUTO = "auto"
    CHIP = "chip"
    SDRAM = "sdram"


def compile_for(
    network: QuantizedNetwork,
    array: ArrayShape,
    place: HeadPlace = HeadPlace.AUTO,
    board: Board | None = None,
    clock_mhz: float | None = None,
) -> Compiled:
    """Compiles with the classifier in that place, for a board if one is named.

    The input of a streamed classifier gets all memory that the board, by default the largest one,
    has left, because a frame takes fewer cycles the more rows a class block is used for. AUTO
    streams a classifier only if this makes the network fit the board. Raises FirelineError as
    `compile_network` does. The result may not fit the board: see `check_fit`.
    """
    if place is not HeadPlace.SDRAM:
        compiled = compile_network(network, array)
        if place is HeadPlace.CHIP or not board or fits(compiled.program, board):
            return compiled
        streamed = _stream(network, array, board, clock_mhz)
        return streamed if fits(streamed.program, board) else compiled
    return _stream(network, array, board or LARGEST, clock_mhz)


def _stream(
    network: QuantizedNetwork, array: ArrayShape, board: Board, clock_mhz: float | None
) -> Compiled:
    """With the most rows that fit, or one row, then with the most rows that can overlay others."""
    clock_mhz = board.clock_mhz if clock_mhz is None else clock_mhz
    height = network.architecture.classifier.input_height

    def compiled(rows: int, overlaid: int = 0) -> Compiled:
        return compile_network(network, array, head=StreamedHead(rows, overlaid, clock_mhz))

    rows, best = 1, compiled(1)
    while rows < height and fits((larger := compiled(rows + 1)).program, board):
        rows, best = rows + 1, larger
    for overlaid in range(min(MOST_OVERLAID, height - rows), 0, -1):
        try:
            return compiled(rows, overlaid)
        except FirelineError:  # a row would lie over a buffer that is still in use
            continue
    return best
