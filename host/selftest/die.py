"""Judges the die's temperature."""

from collections.abc import Sequence

from .finding import Finding, not_sound, not_tested, sound
from .readings import Die

PART = "die temperature"
VALID = 0x80
CELSIUS = (
    *(-58, -56, -54, -52, -45, -44, -43, -42, -41, -40, -39, -38, -37, -36, -30, -20),
    *(-10, -4, 0, 4, 10, 21, 22, 23, 24, 25, 26, 27, 28, 29, 40, 50),
    *(60, 70, 76, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 95, 96, 97),
    *(98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 116, 120, 124, 128, 132),
)
"""Degrees of the codes 0 to 63, the lowest six bits. Reported by several projects (Tiliqua among
them) as FPGA-TN-02210, Power Consumption and Management for ECP5, section 4.2, table 4.3."""

WARMEST = 85
"""Degrees that a commercial ECP5 may have inside; timing reports hold up to there."""

COLDEST = 0
"""Below it a commercial ECP5 is out of its range; on a desk the thermometer is wrong."""


def celsius(code: int) -> int | None:
    """Degrees of a code of the thermometer (DTR), or None if it says that it is not valid."""
    return CELSIUS[code & 0x3F] if code & VALID else None


def judge_die(readings: Sequence[Die]) -> Finding:
    """The finding about the warmest reading."""
    by_activity = [
        (each.activity, degrees) for each in readings if (degrees := celsius(each.code)) is not None
    ]
    if not by_activity:
        return not_tested(PART, "no valid code arrived")
    activity, warmest = max(by_activity, key=lambda pair: pair[1])
    coldest = min(degrees for _, degrees in by_activity)
    seen = f"up to {warmest} °C, at {activity} % activity"
    if warmest > WARMEST:
        return not_sound(
            PART,
            seen,
            f"more than the {WARMEST} °C for which timing is reported",
            "give it a heat sink or air, or a lower clock; a board that is hot when idle is broken",
        )
    if coldest < COLDEST:
        return not_tested(PART, f"{coldest} °C is not likely: the thermometer is wrong")
    return sound(PART, seen)
