"""The lines that the self-test prints, as typed readings."""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import reduce
from operator import xor
from typing import Any, TypeVar

LINE = re.compile(r"([a-z_]+)((?: [a-z_]+=[\w.,-]+)+) ?\*([0-9a-fA-F]{2})", re.ASCII)
MOST_BYTES = 256
"""The self-test's lines are shorter; what comes without a line's end is cut after so many bytes."""

MOST_KEPT = 200
"""Lines that were not understood, of which that many are kept for the record."""


@dataclass(frozen=True)
class Begin:
    """The first line of a round: what this bitstream tests."""

    version: int
    board: str
    mhz: float
    pattern: int
    round: int


@dataclass(frozen=True)
class Pll:
    """A PLL: lock times in oscillator cycles, its clock in kHz by the oscillator."""

    number: int
    mhz: float
    locked: int
    losses: int
    relocks: int
    shortest: int
    longest: int
    khz: int


@dataclass(frozen=True)
class Multipliers:
    """32 multipliers; bit n of `wrong` and `zero` is site `first` + n."""

    first: int
    wrong: int
    zero: int
    tests: int


@dataclass(frozen=True)
class BlockRams:
    """32 block RAMs; bit n of `wrong` is block RAM `first` + n."""

    first: int
    wrong: int
    reads: int


@dataclass(frozen=True)
class Lanes:
    """Wrong reads of rows beside writes to a nine-bit lane of them, in `tests` passes."""

    errors: int
    tests: int


@dataclass(frozen=True)
class Sdram:
    """How the SDRAM's eye is measured."""

    phases: int
    home: int
    tests: int


@dataclass(frozen=True)
class Eye:
    """Eight phases from `first` on; bit n of `bad` is set if DQn failed."""

    first: int
    bad: tuple[int, ...]


@dataclass(frozen=True)
class Size:
    """Bit n of `alive` is set if bit n of a burst's number selects other memory."""

    alive: int


@dataclass(frozen=True)
class Die:
    """The thermometer's code, and the activity in percent while it was read."""

    code: int
    activity: int


@dataclass(frozen=True)
class Echo:
    """The board is about to echo bytes at this rate."""

    baud: int


@dataclass(frozen=True)
class Echoed:
    """What the board received during an echo."""

    bytes: int
    framing: int


Reading = Begin | Pll | Multipliers | BlockRams | Lanes | Sdram | Eye | Size | Die | Echo | Echoed
Kind = TypeVar("Kind", bound=Reading)


def _hex(digits: int) -> Callable[[str], int]:
    form = re.compile(f"[0-9a-f]{{{digits}}}")

    def read(value: str) -> int:
        if not form.fullmatch(value):
            raise ValueError(value)
        return int(value, 16)

    return read


def _decimal(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError(value)
    return int(value)


def _mhz(value: str) -> float:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", value):
        raise ValueError(value)
    return float(value)


def _masks(value: str) -> tuple[int, ...]:
    masks = tuple(map(_hex(4), value.split(",")))
    if len(masks) != 8:
        raise ValueError(value)
    return masks


FORMS: dict[str, tuple[type, dict[str, Callable[[str], Any]]]] = {
    "selftest": (
        Begin,
        {
            "version": _decimal,
            "board": str,
            "mhz": _mhz,
            "pattern": _decimal,
            "round": _hex(4),
        },
    ),
    "pll": (
        Pll,
        {
            "number": _decimal,
            "mhz": _mhz,
            "locked": _hex(1),
            "losses": _hex(2),
            "relocks": _hex(4),
            "shortest": _hex(5),
            "longest": _hex(5),
            "khz": _hex(6),
        },
    ),
    "multipliers": (
        Multipliers,
        {"from": _hex(2), "wrong": _hex(8), "zero": _hex(8), "tests": _hex(4)},
    ),
    "block_rams": (BlockRams, {"from": _hex(2), "wrong": _hex(8), "reads": _hex(4)}),
    "lanes": (Lanes, {"errors": _hex(4), "tests": _hex(4)}),
    "sdram": (Sdram, {"phases": _hex(2), "home": _hex(2), "tests": _hex(4)}),
    "eye": (Eye, {"from": _hex(2), "bad": _masks}),
    "size": (Size, {"alive": _hex(6)}),
    "die": (Die, {"code": _hex(2), "activity": _hex(2)}),
    "echo": (Echo, {"baud": _decimal}),
    "echoed": (Echoed, {"bytes": _hex(4), "framing": _hex(4)}),
}
"""Each topic's reading, and its keys in order with what reads their values."""


def checksum(body: bytes) -> int:
    """The XOR of the bytes."""
    return reduce(xor, body, 0)


def read_line(text: str) -> Reading | None:
    """The reading of a line without its end, or None if its checksum or its form is wrong."""
    match = LINE.fullmatch(text)
    if not match or checksum(text[: text.index("*")].encode()) != int(match[3], 16):
        return None
    topic, pairs = match[1], [pair.split("=", 1) for pair in match[2].split()]
    if topic not in FORMS:
        return None
    kind, form = FORMS[topic]
    if [key for key, _ in pairs] != list(form):
        return None
    try:
        values = [form[key](value) for key, value in pairs]
    except ValueError:
        return None
    return kind(**dict(zip((field.name for field in fields(kind)), values, strict=True)))


class LineReader:
    """Takes the bytes of a serial port apart; for any bytes, in any portions, without an error.

    Attributes
        readings: of all sound lines, in order
        lines: the text of all sound lines, in order
        broken: lines that look like the self-test's and whose checksum or form is wrong
        foreign: other lines
        refused: the text of the first `MOST_KEPT` broken or foreign lines
    """

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.lines: list[str] = []
        self.refused: list[str] = []
        self.broken = self.foreign = 0
        self._partial = b""
        self._midway = True
        self._resuming = False

    def feed(self, arrived: bytes) -> list[Reading]:
        """Takes bytes; returns the readings that they complete."""
        *ended, self._partial = (self._partial + arrived).split(b"\n")
        before = len(self.readings)
        for each in ended:
            self._take(each)
        while len(self._partial) > MOST_BYTES:
            self._take(self._partial[:MOST_BYTES])
            self._partial = self._partial[MOST_BYTES:]
        return self.readings[before:]

    def resume(self) -> None:
        """Counts no line as broken until the next sound one.

        Call it after bytes were lost on purpose, as by a change of the bit rate.
        """
        self._partial, self._resuming = b"", True

    def of(self, kind: type[Kind]) -> list[Kind]:
        """The readings of a kind, in order."""
        return [each for each in self.readings if isinstance(each, kind)]

    def _take(self, line: bytes) -> None:
        text = line.removesuffix(b"\r").decode("latin-1")
        reading = read_line(text) if text.isascii() else None
        midway, self._midway = self._midway, False
        if reading is not None:
            self.readings.append(reading)
            self.lines.append(text)
            self._resuming = False
        elif text.strip() and not midway and not self._resuming:
            looks_ours = "*" in text or text.split(" ")[0] in FORMS
            self.broken += looks_ours
            self.foreign += not looks_ours
            if len(self.refused) < MOST_KEPT:
                self.refused.append(ascii(text)[1:-1])
