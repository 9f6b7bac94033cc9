"""What Fireline must know of a board."""

from dataclasses import dataclass
from typing import Any

from ..program import ArrayShape


@dataclass(frozen=True)
class Board:
    """A board, and what its FPGA has."""

    name: str
    device: str
    package: str
    speed_grade: str
    luts: int
    multipliers: int
    block_rams: int
    array: ArrayShape
    """The array to start from."""
    clock_mhz: float
    """The core's clock to start from."""
    platform: Any
    """Amaranth's class with the pins."""
    block_ram_bits: int = 18 * 1024
    oscillator_mhz: float = 25.0
    flash_name: str = "ulx3s"
    """What openFPGALoader calls it."""
