"""Where a network's classifier lives: on the chip, or in the board's memory and streamed."""

import enum

from ...errors import FirelineError
from ...hw.boards import BOARDS
from ...hw.boards.board import Board
from ...hw.program import ArrayShape
from ..network.quantized import QuantizedNetwork
from .buffers import StreamedHead
from .compile import Compiled, compile_network
from .resources import LINK_BLOCK_RAMS, resources

LARGEST = max(BOARDS.values(), key=lambda board: board.block_rams)
MOST_OVERLAID = 4


class HeadPlace(enum.StrEnum):
    """Where the classifier's weights are; AUTO: on the chip if they fit the board."""

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

    A streamed classifier gets all the memory for its input that the board has left, for the more
    rows come at once, the fewer cycles a frame takes; without a board, that of the largest one.
    AUTO streams what would not fit the board otherwise. Raises FirelineError as `compile_network`
    does; that the result fits is for `check_fit` to say.
    """
    if place is not HeadPlace.SDRAM:
        compiled = compile_network(network, array)
        if place is HeadPlace.CHIP or not board or _fits(compiled, board):
            return compiled
        streamed = _stream(network, array, board, clock_mhz)
        return streamed if _fits(streamed, board) else compiled
    return _stream(network, array, board or LARGEST, clock_mhz)


def _stream(
    network: QuantizedNetwork, array: ArrayShape, board: Board, clock_mhz: float | None
) -> Compiled:
    """With the most rows that fit, then the most that can overlay others; one row if none fits."""
    clock_mhz = clock_mhz or board.clock_mhz
    height = network.architecture.classifier.input_height

    def compiled(rows: int, overlaid: int = 0) -> Compiled:
        return compile_network(network, array, head=StreamedHead(rows, overlaid, clock_mhz))

    best = compiled(1)
    for rows in range(2, height + 1):
        larger = compiled(rows)
        if not _fits(larger, board):
            break
        best = larger
    for overlaid in range(min(MOST_OVERLAID, height - best.streamed.rows), 0, -1):
        try:
            return compiled(best.streamed.rows, overlaid)
        except FirelineError:  # a buffer is still in use there
            continue
    return best


def _fits(compiled: Compiled, board: Board) -> bool:
    return resources(compiled.program).block_rams + LINK_BLOCK_RAMS <= board.block_rams
