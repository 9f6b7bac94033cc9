"""The UART's bit rate, known to the board and to the host."""

from ...errors import FirelineError

BAUD = 2_000_000
"""Bits a second unless a caller chooses otherwise.

Every clock of an even number of MHz divides by it, and USB bridges make it exactly.
"""

MIN_DIVISOR = 4
"""Clock cycles a bit that the receiver needs at least."""

TOLERANCE = 0.02
"""The share by which the board's bit rate may differ from the one asked for."""


def divisor_of(clock_mhz: float, baud: int) -> int:
    """The clock cycles a bit that come nearest to `baud` bits a second.

    Raises FirelineError if the bit rate would differ by more than `TOLERANCE`.
    """
    divisor = round(clock_mhz * 1e6 / baud)
    if divisor < MIN_DIVISOR or abs(clock_mhz * 1e6 / divisor / baud - 1) > TOLERANCE:
        raise FirelineError(
            f"a clock of {clock_mhz:g} MHz cannot make {baud} baud within {TOLERANCE:.0%}: "
            "choose a clock that is a multiple of the baud rate"
        )
    return divisor
