"""What Fireline needs to know about a board."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from amaranth.build import Attrs, Pins, Resource

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
    pulled_up: tuple[str, ...] = ()
    """Pins that the design must hold high so that another chip on the board stays quiet, see
    `make_platform`."""

    def make_platform(self) -> Any:
        """A new Amaranth platform.

        The serial line's `rx` has a pull-up, so that it idles while nobody drives it. If there are
        `pulled_up` pins, a resource of that name has them. Their pads have an open drain, which is
        never low, and a pull-up, so they fight no chip that drives them.
        """
        platform = self.platform()
        uart = deepcopy(platform.lookup("uart"))
        for signal in uart.ios:
            if signal.name == "rx":
                signal.attrs["PULLMODE"] = "UP"
        platform.resources["uart", 0] = uart
        if self.pulled_up:
            attributes = Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP", OPENDRAIN="ON")
            pins = Pins(" ".join(self.pulled_up), dir="o")
            platform.add_resources([Resource("pulled_up", 0, pins, attributes)])
        return platform
