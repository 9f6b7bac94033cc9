"""Drawings of the self-test in SVG: the SDRAM's eye, the multipliers on the die, lock times.

The page sets colours and fonts, by class.
"""

from collections.abc import Sequence
from html import escape

from ...hw.sdram.chip import WORD_BITS
from ...hw.selftest.plan import SelfTestPlan, Site
from ..bitstream.floorplan import DIES
from ..report import svg
from .clocks import NEVER
from .readings import Pll
from .sdram import PhaseEye

CELL, LEFT, TOP = 12, 40, 18
"""Side of a phase and data line in the eye; room for the names of lines, and above."""

BAR_WIDTH, BAR_HEIGHT, BAR_LEFT = 420, 22, 110


def eye_picture(eye: PhaseEye) -> str:
    """The eye: a column for each phase from -180 to 180 degrees, a row for each data line.

    The designs' phase is in the middle, marked by a line.
    """
    phases = len(eye.bad)
    kinds: dict[str, list[str]] = {"open": [], "shut": [], "unknown": []}
    for column in range(phases):
        mask = eye.bad[(column - phases // 2 + eye.home) % phases]
        for bit in range(WORD_BITS):
            failed = mask is not None and mask >> bit & 1
            kind = "unknown" if mask is None else "shut" if failed else "open"
            place = LEFT + column * CELL, TOP + bit * CELL
            kinds[kind].append(svg.box(*place, CELL - 1, CELL - 1))
    bottom, middle = TOP + WORD_BITS * CELL, LEFT + phases // 2 * CELL + CELL / 2 - 0.5
    parts = [f'<path class="{kind}" d="{"".join(boxes)}"/>' for kind, boxes in kinds.items()]
    parts += [
        svg.text(LEFT - 6, TOP + bit * CELL + CELL - 2, f"DQ{bit}", "tick", "end")
        for bit in range(WORD_BITS)
    ]
    parts.append(f'<path class="home" d="M{middle} {TOP - 4}V{bottom + 3}"/>')
    parts.append(svg.text(middle, TOP - 7, "phase of the designs", "tick", "middle"))
    for quarter in (-2, -1, 0, 1, 2):
        x = middle + quarter * phases * CELL / 4
        nanoseconds = quarter * eye.period_ns / 4
        label = f"{90 * quarter:+d}°" if quarter else "0°"
        parts.append(svg.text(x, bottom + 16, label, "tick", "middle"))
        parts.append(svg.text(x, bottom + 29, f"{nanoseconds:+.1f} ns", "tick", "middle"))
    size = LEFT + (phases + 3) * CELL, bottom + 34
    return _drawing(*size, "Data lines that failed at each phase of the SDRAM's clock", parts)


def sites_picture(plan: SelfTestPlan, sites: Sequence[Site], states: Sequence[str]) -> str:
    """The die with a square for each multiplier, in its state; a lone one has a border."""
    columns, rows = DIES[plan.board.device]
    parts = [f'<rect class="edge" width="{columns}" height="{rows}"/>']
    for site, state in zip(sites, states, strict=True):
        lone = "" if site.half == "both" else f" lone, {site.half} half, {site.reset}"
        border = " lone" if lone else ""
        parts.append(
            f'<rect class="{state}{border}" x="{site.column + 0.1:g}" y="{site.row - 0.9:g}" '
            f'width="0.8" height="2.8"><title>{site.bel}: {state}{lone}</title></rect>'
        )
    return _drawing(columns, rows, "Multipliers on the die", parts)


def locks_picture(plan: SelfTestPlan, mhz: Sequence[float], readings: Sequence[Pll]) -> str:
    """A bar for each PLL, from its shortest time to lock to its longest, in microseconds."""
    spans = {}
    for number in range(len(mhz)):
        own = [each for each in readings if each.number == number and each.shortest != NEVER]
        if own:
            shortest = min(each.shortest for each in own)
            longest = max(each.longest for each in own)
            spans[number] = [cycles / plan.board.oscillator_mhz for cycles in (shortest, longest)]
    most = max((end for _, end in spans.values()), default=0) or 1
    parts = []
    for number, clock in enumerate(mhz):
        y = number * BAR_HEIGHT
        track = svg.box(BAR_LEFT, y + 4, BAR_WIDTH, BAR_HEIGHT - 8)
        parts.append(svg.text(0, y + 15, escape(f"PLL {number}, {clock:g} MHz"), "tick"))
        parts.append(f'<path class="edge" d="{track}"/>')
        if number not in spans:
            parts.append(svg.text(BAR_LEFT + 6, y + 15, "no lock", "wrong"))
            continue
        start, end = (BAR_LEFT + BAR_WIDTH * value / most for value in spans[number])
        bar = svg.box(round(start, 1), y + 4, round(max(end - start, 2), 1), BAR_HEIGHT - 8)
        least, greatest = (f"{value:,.0f}" for value in spans[number])
        label = f"{greatest} µs" if least == greatest else f"{least} to {greatest} µs"
        parts.append(f'<path class="sound" d="{bar}"/>')
        parts.append(svg.text(round(end, 1) + 6, y + 15, label, "tick"))
    size = BAR_LEFT + BAR_WIDTH + 130, BAR_HEIGHT * len(mhz)
    return _drawing(*size, "Time from reset to lock", parts)


def _drawing(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img"><title>{escape(title)}</title>'
        f"{''.join(parts)}</svg>"
    )
