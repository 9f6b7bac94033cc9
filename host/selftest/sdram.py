"""Judges the SDRAM: dead data lines, the eye over the clock's phase, and the size."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...hw.sdram.chip import BURST_WORDS, WORD_BITS, SdramGeometry
from .finding import Finding, listed, not_sound, not_tested, sound
from .multipliers import never_tested
from .readings import Begin, Eye, Reading, Sdram, Size

LINES, PHASE, SIZE = "SDRAM, data lines", "SDRAM, phase", "SDRAM, size"
ALL_BITS = (1 << WORD_BITS) - 1
WORD_BYTES = WORD_BITS // 8
ON_CHIP = "use networks whose classifier fits on the chip (--head chip)"

LEAST_MARGIN_NS = 0.5
"""The least distance of the design's phase from either end of the eye. The eye is that of one chip
at one temperature, seen for seconds. The rest must cover the clock's jitter (about 0.2 ns), one
step of the phase (about 0.2 ns), and warmth."""


@dataclass(frozen=True)
class PhaseEye:
    """The phases of one period of the chip's clock, and which data lines failed at each.

    Attributes
        bad: for each phase a mask of 16 data lines; None for a phase that was not measured
        home: the phase that Fireline's designs use
        period_ns: of the clock
    """

    bad: tuple[int | None, ...]
    home: int
    period_ns: float

    @classmethod
    def of(cls, phases: int, home: int, period_ns: float, readings: Sequence[Eye]) -> "PhaseEye":
        """Merges readings: a line failed if it did once."""
        bad: list[int | None] = [None] * phases
        for reading in readings:
            for index, mask in enumerate(reading.bad, reading.first):
                if index < phases:
                    bad[index] = (bad[index] or 0) | mask
        return cls(tuple(bad), home, period_ns)

    @property
    def measured(self) -> list[int]:
        return [mask for mask in self.bad if mask is not None]

    @property
    def dead(self) -> int:
        """The data lines that fail at every phase, as a mask."""
        dead = ALL_BITS if self.measured else 0
        for mask in self.measured:
            dead &= mask
        return dead

    def is_open(self, phase: int) -> bool:
        """Returns whether no line fails at a phase (any integer), but for those that always do."""
        return (self.bad[phase % len(self.bad)] or 0) & ~self.dead == 0

    @property
    def opening(self) -> range | None:
        """The phases of the eye: those around home, else the longest run; None if there are none.

        The range may begin below 0 or end beyond the period, which is a circle.
        """
        phases = len(self.bad)
        if all(map(self.is_open, range(phases))):
            return range(phases)
        runs = [
            range(first, next(end for end in range(first, first + phases) if not self.is_open(end)))
            for first in range(phases)
            if self.is_open(first) and not self.is_open(first - 1)
        ]
        around_home = [run for run in runs if self.home in run or self.home + phases in run]
        return max(around_home or runs, key=len, default=None)

    def nanoseconds(self, steps: float) -> float:
        return steps * self.period_ns / len(self.bad)

    def degrees(self, steps: float) -> float:
        return steps * 360 / len(self.bad)


def tested_readings(readings: Iterable[Reading]) -> tuple[list[Eye], list[Size]]:
    """The eyes and sizes of rounds in which the SDRAM was tested; `readings` are in order.

    A round in which the core's clock stood still has them as well, but all lines fail.
    """
    eyes, sizes, tested = [], [], False
    for reading in readings:
        match reading:
            case Begin():
                tested = False
            case Sdram(tests=tests):
                tested = tests > 0
            case Eye() if tested:
                eyes.append(reading)
            case Size() if tested:
                sizes.append(reading)
    return eyes, sizes


def judge_sdram(
    eye: PhaseEye,
    sizes: Sequence[Size],
    counts: Sequence[Sdram],
    clock_runs: bool,
    geometry: SdramGeometry,
) -> list[Finding]:
    """The findings about data lines, phase and size; one alone if nothing answers."""
    if not eye.measured:
        return [never_tested("SDRAM", counts, clock_runs)]
    if eye.dead == ALL_BITS:
        return [
            not_sound(
                "SDRAM",
                "no data line works at any phase",
                "the chip is absent or another kind, or its clock, a command or an address line is "
                "broken",
                f"read the marking on the chip and send it with the results; {ON_CHIP}",
            )
        ]
    lines, phase = _judge_lines(eye), _judge_phase(eye)
    usable = not eye.dead and eye.is_open(eye.home)
    return [lines, phase, _judge_size(sizes, usable, geometry)]


def _judge_lines(eye: PhaseEye) -> Finding:
    dead = [f"DQ{bit}" for bit in range(WORD_BITS) if eye.dead >> bit & 1]
    if not dead:
        return sound(LINES, f"each of the {WORD_BITS} works at some phase")
    halves = {0x00FF: "lower", 0xFF00: "upper"}
    half = f", the whole {halves[eye.dead]} byte" if eye.dead in halves else ""
    return not_sound(
        LINES,
        f"{listed(dead, WORD_BITS)} {'fails' if len(dead) == 1 else 'fail'} at every phase{half}",
        "a line is broken or shorted, on the board or in the chip"
        + ("; or the byte's mask pin is" if half else ""),
        f"look for solder under a magnifier; {ON_CHIP}",
    )


def _judge_phase(eye: PhaseEye) -> Finding:
    opening = eye.opening
    if len(eye.measured) < len(eye.bad):
        missing = len(eye.bad) - len(eye.measured)
        return not_tested(PHASE, f"no line arrived about {missing} of {len(eye.bad)} phases")
    if opening is None:
        return not_sound(
            PHASE,
            "at each phase some data line fails",
            "no phase suits all lines at this clock",
            f"build with a lower --clock, or {ON_CHIP}",
        )
    if len(opening) == len(eye.bad):
        return not_tested(
            PHASE,
            "every phase works, the design's too",
            "a real eye closes somewhere, so the phase probably does not move; send the results",
        )
    home = eye.home if eye.home in opening else eye.home + len(eye.bad)
    width = f"{eye.degrees(len(opening)):.0f} degrees ({eye.nanoseconds(len(opening)):.1f} ns)"
    centre = opening.start + (len(opening) - 1) / 2
    half = len(eye.bad) / 2
    offset = (centre - eye.home + half) % len(eye.bad) - half
    where = f"{_signed(eye.degrees(offset), 0)} degrees ({_signed(eye.nanoseconds(offset), 1)} ns)"
    if home not in opening:
        return not_sound(
            PHASE,
            f"the design's phase does not work; the eye is {width} wide, its centre at {where} "
            "from the design's phase",
            "the chip's clock comes too early or too late on this board",
            f"send the results, so that the lead can be set; until then {ON_CHIP}",
        )
    margins = eye.nanoseconds(home - opening.start), eye.nanoseconds(opening.stop - 1 - home)
    seen = (
        f"the eye is {width} wide, its centre at {where} from the design's phase; margins "
        f"{margins[0]:.1f} and {margins[1]:.1f} ns"
    )
    if min(margins) < LEAST_MARGIN_NS:
        return not_sound(
            PHASE,
            seen,
            f"less than {LEAST_MARGIN_NS:g} ns are left on one side, so warmth may cause errors",
            f"build with a lower --clock, or {ON_CHIP}; send the results, please",
        )
    return sound(PHASE, seen)


def _judge_size(sizes: Sequence[Size], usable: bool, geometry: SdramGeometry) -> Finding:
    if not usable:
        return not_tested(SIZE, "the design's phase or a data line does not work")
    if not sizes:
        return not_tested(SIZE, "no line about it arrived")
    alive = (1 << geometry.burst_bits) - 1
    for each in sizes:
        alive &= each.alive
    dead = [
        _address_line(bit, geometry) for bit in range(geometry.burst_bits) if not alive >> bit & 1
    ]
    expected = geometry.words * WORD_BYTES
    found = BURST_WORDS * WORD_BYTES << alive.bit_count()
    if dead:
        return not_sound(
            SIZE,
            f"{found / 2**20:g} MiB of the expected {expected / 2**20:g} MiB answer; "
            f"{listed(dead)} {'selects' if len(dead) == 1 else 'select'} nothing",
            "the chip is smaller than those known, or these lines are broken",
            f"read the marking on the chip and send it with the results; {ON_CHIP}",
        )
    return sound(SIZE, f"{found / 2**20:g} MiB, as expected")


def _address_line(bit: int, geometry: SdramGeometry) -> str:
    """What a bit of a burst's number drives: a bank, column or row address (`burst_place`)."""
    if bit < geometry.bank_bits:
        return f"BA{bit}"
    bit -= geometry.bank_bits
    if bit < geometry.column_bits:
        return f"A{bit + BURST_WORDS.bit_length() - 1} (column)"
    return f"A{bit - geometry.column_bits} (row)"


def _signed(value: float, digits: int) -> str:
    """A number with its sign, without a negative zero."""
    return f"{round(value, digits) + 0.0:+.{digits}f}"
