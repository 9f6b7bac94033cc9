"""The data sheet of a single data rate SDRAM, in nanoseconds and in clock cycles."""

import enum
import math
from dataclasses import dataclass

from ...errors import FirelineError
from ..program import STREAM_BURST_WORDS, STREAM_WORD_BITS

BURST_WORDS = STREAM_BURST_WORDS
"""Words of every read and every write."""

WORD_BITS = STREAM_WORD_BITS
ADDRESS_BITS = 13
AUTO_PRECHARGE = 10
"""The address bit that closes the row after a READ or WRITE, and selects all banks in PRECHARGE."""

CAS_LATENCY = 3
POWER_UP_REFRESHES = 8
MODE_REGISTER = CAS_LATENCY << 4 | (BURST_WORDS.bit_length() - 1)

SLOWEST_MHZ = 20.0


class Command(enum.IntEnum):
    """The pins RAS#, CAS#, WE#, from the highest bit down; all are active low."""

    MODE = 0b000
    REFRESH = 0b001
    PRECHARGE = 0b010
    ACTIVATE = 0b011
    WRITE = 0b100
    READ = 0b101
    NOP = 0b111


@dataclass(frozen=True)
class SdramGeometry:
    """The numbers of banks, rows and columns of 16-bit words, powers of two.

    A burst's number is `row, column / 8, bank`, the bank in the lowest bits. Consecutive bursts lie
    in consecutive banks, so the controller can open the next row during a burst.
    """

    banks: int = 4
    rows: int = 8192
    columns: int = 512

    @property
    def bank_bits(self) -> int:
        return self.banks.bit_length() - 1

    @property
    def column_bits(self) -> int:
        """Bits of a burst's number within a row."""
        return (self.columns // BURST_WORDS).bit_length() - 1

    @property
    def burst_bits(self) -> int:
        """Bits of a burst's number."""
        return self.bank_bits + self.column_bits + self.rows.bit_length() - 1

    @property
    def words(self) -> int:
        return self.banks * self.rows * self.columns


@dataclass(frozen=True)
class SdramTiming:
    """The least that a data sheet allows, in nanoseconds, and `mrd_cycles` in cycles.

    The defaults are the slowest of the chips found on boards (16 M x 16, speed grade -7 or -75:
    AS4C, IS42S, MT48LC, W9825G), so they suit all of them.
    """

    ck: float = 7.5  # clock cycle
    power_up: float = 200_000.0
    rcd: float = 21.0  # activate to read or write
    rp: float = 21.0  # precharge to activate or refresh
    ras: float = 45.0  # activate to precharge
    rc: float = 66.0  # activate to activate, one bank
    rfc: float = 75.0  # refresh to anything
    rrd: float = 15.0  # activate to activate, two banks
    wr: float = 15.0  # last word written to precharge
    mrd_cycles: int = 2  # mode register set to anything
    refresh: float = 64e6 / 8192  # refresh to refresh, the most on average


@dataclass(frozen=True)
class SdramCycles:
    """The data sheet's times in cycles of a clock, and two that follow for bursts of 8 words."""

    power_up: int
    rcd: int
    rp: int
    rfc: int
    mrd: int
    rest: int
    """From an activation to the first cycle in which its bank is idle again, in every case."""
    interval: int
    """From refresh to refresh, the most on average."""

    @classmethod
    def of(cls, timing: SdramTiming, clock_mhz: float) -> "SdramCycles":
        """The times at `clock_mhz`.

        Raises FirelineError if the clock is too fast for the chip or too slow for its refreshes.
        """

        def cycles(nanoseconds: float) -> int:
            return math.ceil(nanoseconds * clock_mhz / 1000 - 1e-9)

        rcd, rp, rfc = cycles(timing.rcd), cycles(timing.rp), cycles(timing.rfc)
        written = rcd + BURST_WORDS + max(2, cycles(timing.wr))
        rest = max(cycles(timing.rc), cycles(timing.ras) + rp, written + rp)
        interval = math.floor(timing.refresh * clock_mhz / 1000)
        gapless = rcd < BURST_WORDS and max(cycles(timing.rrd), rest / 4) <= BURST_WORDS
        if cycles(timing.ck) > 1 or interval < 4 * (rest + rfc) or not gapless:
            raise FirelineError(
                f"the board's SDRAM does not run at {clock_mhz:g} MHz: "
                f"choose a clock between {SLOWEST_MHZ:g} and {1000 / timing.ck:.0f} MHz"
            )
        return cls(
            power_up=cycles(timing.power_up),
            rcd=max(1, rcd),
            rp=max(1, rp),
            rfc=max(1, rfc),
            mrd=timing.mrd_cycles,
            rest=rest,
            interval=interval,
        )
