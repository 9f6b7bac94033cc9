"""Bitstreams of a network for boards."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...host.bitstream.build import build
from ...host.bitstream.design import design
from ...host.bitstream.summary import BuildSummary
from ...host.compiler.compile import compile_network
from ...host.network.quantized import QuantizedNetwork
from ...hw.boards.board import Board
from .cycles import Cycles, measure_cycles


@dataclass(frozen=True)
class OnBoard:
    """A network built for a board."""

    summary: BuildSummary
    cycles: Cycles

    @property
    def frames_per_second(self) -> float:
        """Frame rate at the clock that it was built for."""
        return self.summary.clock_mhz * 1e6 / self.cycles.predicted


def measure_board(
    network: QuantizedNetwork,
    board: Board,
    folder: Path,
    progress: Callable[[str, str], None],
    clock_mhz: float | None = None,
) -> OnBoard:
    """Builds the network in a folder for the board, on the board's own array."""
    compiled = compile_network(network, board.array)
    top = design(compiled, board, clock_mhz)
    summary = build(top, folder, compiled=compiled, progress=progress)
    return OnBoard(summary, measure_cycles(compiled))
