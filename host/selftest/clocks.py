"""Judges the PLLs: whether they lock, stay locked, and make the clock that they should."""

from collections.abc import Sequence

from ...hw.ecp5.pll import pll_settings
from .finding import Finding, not_sound, not_tested, sound
from .readings import Pll

NEVER = 0xFFFFF
"""A lock time that means: the PLL did not lock before the board gave up."""

MOST_PPM = 200
"""PLL and oscillator are one clock, so the ratio is exact. A count over 1 ms may be off by 2 of
62,500 or more cycles, which is 32 ppm. A PLL that is not locked is off by thousands."""

OTHER_CLOCKS = 90.0, 100.0, 110.0
"""Clocks in MHz for which the PLL's VCO runs at 450, 600 and 550 MHz. Every accepted clock's phase
detector is fast enough, so a PLL that fails may work with its VCO at another frequency."""


def pll_name(number: int, mhz: float) -> str:
    """What a finding calls a PLL; number 0 makes the core's clock."""
    return f"PLL {number}, {mhz:g} MHz" + (" (the core's clock)" if number == 0 else "")


def judge_pll(number: int, mhz: float, readings: Sequence[Pll], oscillator_mhz: float) -> Finding:
    """The finding about a PLL that should make `mhz`, from all of its readings."""
    part = pll_name(number, mhz)
    if not readings:
        return not_tested(part, "no line about it arrived")
    longest = max(each.longest for each in readings)
    shortest = min(each.shortest for each in readings)
    losses = max(each.losses for each in readings)
    locks = max(each.relocks for each in readings)
    effect = (
        "a build for this clock does not start: its light D0 stays dark"
        if number == 0
        else "a design that uses this PLL at this clock does not start; Fireline's use one PLL"
    )
    vco_mhz = pll_settings(oscillator_mhz, mhz).vco_mhz
    others = " and ".join(
        f"--clock {clock:g}"
        for clock in OTHER_CLOCKS
        if pll_settings(oscillator_mhz, clock).vco_mhz != vco_mhz
    )
    advice = (
        f"run this test with {others}, and build with a clock at which PLL 0 is sound"
        if number == 0
        else "nothing, if PLL 0 is sound; send the results, please"
    )
    if shortest == NEVER:
        return not_sound(part, "it never locked", effect, advice)
    if longest == NEVER:
        seen = f"after a reset it did not lock; after {locks:,} others it did"
        return not_sound(part, seen, "a design may not start after some power-ups", advice)
    if losses:
        seen = f"it lost its lock ({losses:,} times)"
        return not_sound(part, seen, "a design at this clock computes wrong results", advice)
    if not all(each.locked for each in readings):
        return not_sound(part, "it was not locked when it was read", effect, advice)
    worst = max((each.khz for each in readings), key=lambda khz: abs(khz - 1000 * mhz))
    if abs(worst - 1000 * mhz) > 1000 * mhz * MOST_PPM / 1e6:
        seen = f"it makes {worst / 1000:g} MHz by the board's oscillator"
        return not_sound(part, seen, "its dividers are not those that were asked for", advice)
    fastest, slowest = (f"{cycles / oscillator_mhz:,.0f}" for cycles in (shortest, longest))
    times = slowest if fastest == slowest else f"{fastest} to {slowest}"
    return sound(part, f"it locks in {times} µs, {worst:,} kHz")
