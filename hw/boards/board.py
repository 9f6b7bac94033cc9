"""What Fireline needs to know about a board."""

from dataclasses import dataclass
from typing import Any

from ..program import ArrayShape


@dataclass(frozen=True)
class Board:
    """A board and the resources of its FPGA, an ECP5.

    `luts`, `multipliers` (MULT18X18D) and `block_rams` are what the device offers.
    """

    name: str
    """For `--board`."""
    device: str
    """As Amaranth's platform and the marking of the chip call it; the key of `DEVICES`, `SITES` and
    `DIES`."""
    package: str
    speed_grade: str
    luts: int
    multipliers: int
    block_rams: int
    array: ArrayShape
    """The array unless the user chooses another."""
    clock_mhz: float
    """The core's clock unless the user chooses another."""
    platform: Any
    """Amaranth's platform class, which has the pins."""
    oscillator_mhz: float = 25.0
    flash_name: str = "ulx3s"
    """The board's name for openFPGALoader."""
    usb_id: str = "0403:6015"
    """Vendor and product, in hexadecimal, of the USB chip that makes the serial port (and JTAG):
    the ULX3S' FT231X."""
