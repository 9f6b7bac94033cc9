"""Reads the self-test of a board that runs it: whole rounds of lines, then echoes."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from ...errors import FirelineError
from ...hw.selftest.plan import SelfTestPlan
from .readings import (
    Begin,
    BlockRams,
    Die,
    Echo,
    Echoed,
    Eye,
    Lanes,
    LineReader,
    Multipliers,
    Pll,
    Reading,
    Sdram,
    Size,
)
from .serial_line import EchoResult

VERSION = 1
BAUD = 1_000_000
ECHO_BAUDS = (2_000_000, 3_000_000)
ROUNDS = 5
"""Rounds to read: the activity of the multipliers takes five steps, one a round."""

LINE_SECONDS = 0.1
SILENCE_SECONDS = 3.0
"""The board prints a line every 0.1 s, so one that says nothing for so long has stopped."""

NOISE_SECONDS = 12.0
"""A board that runs the self-test begins a round within that time: it has some 30 lines."""

ECHO_QUIET_SECONDS = 0.1
"""Nothing more comes back after that. The board ends the echo after 0.25 s without a byte."""

ECHO_REQUESTS = 3
"""A single byte requests an echo, and may be lost."""

ECHO_BYTES = 16_384


class Port(Protocol):
    """What a session needs of a serial port; see `host/link/text_port.py`."""

    port: str

    def read(self, seconds: float) -> bytes: ...

    def write(self, data: bytes) -> None: ...

    def set_baud(self, baud: int) -> None: ...


class SilentBoard(FirelineError):
    """Nothing at all arrives at a port."""

    def __init__(self, port: str):
        super().__init__(
            f"the board at {port} says nothing. The self-test prints by the board's oscillator, "
            "without a PLL, so the bitstream is not loaded (or the ESP32 has replaced it), or this "
            "is another board's port: load it again, and look whether `fireline doctor` finds "
            "another port"
        )


@dataclass
class Recording:
    """All that was read of one bitstream's self-test.

    `stopped` is set if the board fell silent, `restarts` counts rounds that began anew.
    """

    plan: SelfTestPlan
    reader: LineReader
    echoes: list[EchoResult] = field(default_factory=list)
    stopped: bool = False

    @property
    def rounds(self) -> list[Begin]:
        """The first line of each round."""
        return self.reader.of(Begin)

    @property
    def restarts(self) -> int:
        """Rounds whose number is not above the one before; after ffff comes 0."""
        numbers = [each.round for each in self.rounds]
        return sum(later <= earlier < 0xFFFF for earlier, later in pairwise(numbers))


Place = tuple[type[Reading], int]
"""A line's kind and its number, which occur once in a round."""


def expected_places(plan: SelfTestPlan) -> list[Place]:
    """The lines of a round."""
    return [
        (Begin, 0),
        *((Pll, number) for number in range(len(plan.plls))),
        *((Multipliers, first) for first in range(0, len(plan.tested_sites), 32)),
        *((BlockRams, first) for first in range(0, plan.block_rams, 32)),
        (Lanes, 0),
        (Die, 0),
        *([(Sdram, 0), (Size, 0)] * plan.has_sdram),
        *((Eye, first) for first in range(0, plan.phases * plan.has_sdram, 8)),
    ]


def place(reading: Reading) -> Place:
    """Where a line stands in its round."""
    match reading:
        case Pll(number=number):
            return Pll, number
        case Multipliers(first=number) | BlockRams(first=number) | Eye(first=number):
            return type(reading), number
    return type(reading), 0


class Session:
    """A board on `port`. `pace` stretches all times, for a board that is simulated."""

    def __init__(self, port: Port, pace: float = 1.0):
        self.port = port
        self.pace = pace
        self.reader = LineReader()

    def begin(self) -> Begin:
        """Waits for the first line of a round.

        Raises FirelineError if none comes, or if it is of another version.
        """
        until = time.monotonic() + NOISE_SECONDS * self.pace
        heard = 0
        while (left := until - time.monotonic()) > 0:
            arrived = self.port.read(min(left, SILENCE_SECONDS * self.pace))
            if not arrived and not heard:
                raise SilentBoard(self.port.port)
            heard += len(arrived)
            for reading in self.reader.feed(arrived):
                if isinstance(reading, Begin):
                    if reading.version != VERSION:
                        raise FirelineError(
                            f"the board at {self.port.port} runs version {reading.version} of the "
                            f"self-test, this program knows version {VERSION}: build and flash it "
                            "again"
                        )
                    return reading
        raise FirelineError(self._not_understood())

    def collect(
        self,
        plan: SelfTestPlan,
        rounds: int = ROUNDS,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Recording:
        """Reads until each line of the plan has come `rounds` times, or time is up.

        `progress` is called with the number of lines that came and that of all.
        """
        recording = Recording(plan, self.reader)
        wanted = set(expected_places(plan))
        total = len(wanted) * rounds
        seen = Counter(place(each) for each in self.reader.readings)
        last = time.monotonic()
        until = last + (1.5 * (rounds + 1) * len(wanted) * LINE_SECONDS + 10) * self.pace
        while time.monotonic() < until:
            done = sum(min(seen[each], rounds) for each in wanted)
            progress(done, total)
            if done == total or seen[Begin, 0] > rounds + 1:
                return recording
            arrived = self.port.read(0.2 * self.pace)
            if arrived:
                last = time.monotonic()
            elif time.monotonic() - last > SILENCE_SECONDS * self.pace:
                recording.stopped = True
                return recording
            seen.update(place(each) for each in self.reader.feed(arrived))
        return recording

    def run(
        self,
        plan: SelfTestPlan,
        progress: Callable[[int, int], None] = lambda done, total: None,
        rounds: int = ROUNDS,
        echo_bytes: int = ECHO_BYTES,
    ) -> Recording:
        """Reads `rounds` rounds, then lets the board echo at each rate, unless it has stopped."""
        recording = self.collect(plan, rounds, progress)
        if not recording.stopped:
            recording.echoes = [self.echo(baud, echo_bytes) for baud in ECHO_BAUDS]
        return recording

    def echo(self, baud: int, count: int = ECHO_BYTES) -> EchoResult:
        """Sends `count` bytes at a bit rate, and compares what comes back."""
        for _ in range(ECHO_REQUESTS):
            self.port.write(str(baud // 1_000_000).encode())
            if self._await(Echo, 1.0):
                break
        else:
            return EchoResult(baud, count, answered=False)
        self.port.set_baud(baud)
        sent = random.Random(baud).randbytes(count)
        received = b""
        for start in range(0, count, 1024):
            self.port.write(sent[start : start + 1024])
            received += self.port.read(0)
        while len(received) < count and (arrived := self.port.read(ECHO_QUIET_SECONDS * self.pace)):
            received += arrived
        self.port.set_baud(BAUD)
        self.reader.resume()
        echoed = self._await(Echoed, 1.5)
        return EchoResult(
            baud,
            count,
            answered=True,
            received=min(len(received), count),
            wrong=sum(a != b for a, b in zip(sent, received, strict=False)),
            arrived=echoed.bytes if isinstance(echoed, Echoed) else None,
            framing=echoed.framing if isinstance(echoed, Echoed) else None,
        )

    def _await(self, kind: type[Echo] | type[Echoed], seconds: float) -> Reading | None:
        """The next reading of a kind, or None if none comes."""
        until = time.monotonic() + seconds * self.pace
        while (left := until - time.monotonic()) > 0:
            for reading in self.reader.feed(self.port.read(left)):
                if isinstance(reading, kind):
                    return reading
        return None

    def _not_understood(self) -> str:
        refused = next(iter(self.reader.refused), "")
        shown = f", such as {refused[:40]!r}" if refused else ""
        if self.reader.readings:
            return (
                f"the board at {self.port.port} runs the self-test but begins no round within "
                f"{NOISE_SECONDS * self.pace:g} s: load the bitstream again; if it stays so, send "
                "what a terminal shows"
            )
        return (
            f"what arrives at {self.port.port} is not the self-test{shown}: check that it is the "
            "board's port, and load the self-test's bitstream"
        )
