"""Judges the multipliers: which sites compute wrong products, and what they have in common."""

from collections import defaultdict
from collections.abc import Sequence

from ...hw.selftest.plan import Site
from .finding import Finding, listed, not_sound, not_tested, sound
from .readings import Multipliers, Reading

PART = "multipliers"
LONE_ODD = (
    "nextpnr sets the output register's reset only for the even half of a slice, so a lone odd "
    "half may stay in reset"
)
DAMAGE = "or the multiplier is damaged"
BOTH_PATTERNS = (
    "test both patterns, by naming the clock twice: a site that gives 0 beside another one too is "
    "damaged"
)


def site_states(sites: Sequence[Site], readings: Sequence[Multipliers]) -> list[str]:
    """Each site's state: "sound", "wrong", "zero" (it never gave another product), "untested".

    A site is wrong if it was wrong once, and zero if it was in every reading.
    """
    states = ["untested"] * len(sites)
    zero = [True] * len(sites)
    for reading in readings:
        if reading.tests:
            for bit in range(32):
                if (index := reading.first + bit) < len(sites):
                    zero[index] &= bool(reading.zero >> bit & 1)
                    wrong = reading.wrong >> bit & 1 or states[index] == "wrong"
                    states[index] = "wrong" if wrong else "sound"
    return [
        "zero" if state != "untested" and is_zero else state
        for state, is_zero in zip(states, zero, strict=True)
    ]


def judge_multipliers(
    sites: Sequence[Site], readings: Sequence[Multipliers], clock_runs: bool
) -> list[Finding]:
    """A finding about all sites, or one each about those that are stuck, wrong and untested."""
    states = site_states(sites, readings)
    by_state = defaultdict(list)
    for site, state in zip(sites, states, strict=True):
        by_state[state].append(site)
    if len(by_state["untested"]) == len(sites):
        return [never_tested(PART, readings, clock_runs)]
    found = []
    if stuck := by_state["zero"]:
        found.append(_judge_stuck(sites, stuck))
    if wrong := by_state["wrong"]:
        found.append(
            not_sound(
                PART,
                f"{_count(wrong, sites)} gave wrong products: {_names(wrong)}",
                "the FPGA is damaged there, too hot, or too slow at this clock",
                "try a lower clock; if the same sites fail, use another board",
            )
        )
    if untested := by_state["untested"]:
        found.append(not_tested(PART, f"no line arrived about {_count(untested, sites)}"))
    return found or [sound(PART, f"all {len(sites)} gave right products")]


def never_tested(part: str, readings: Sequence[Reading], clock_runs: bool) -> Finding:
    """The finding about a part that the core's clock drives, if no test of it has run.

    `readings` are those about the part. They arrive as well if the core stands still.
    """
    if not clock_runs:
        return not_tested(part, "the core's clock does not run")
    if not readings:
        return not_tested(part, "no line about it arrived")
    return not_sound(
        part,
        "its test never ran, though the core's clock does",
        "the clock does not get from the PLL to the core, or the core stays in reset",
        "load the bitstream again; if it stays so, send the results",
    )


def _judge_stuck(sites: Sequence[Site], stuck: Sequence[Site]) -> Finding:
    """Names the kinds of sites that are stuck, where those are exactly whole kinds."""
    seen = f"{_count(stuck, sites)} always gave 0"
    if len(stuck) == len(sites):
        return not_sound(
            PART,
            f"all {len(sites)} always gave 0",
            "what is common to all fails: their clock, enable or reset",
            "load the bitstream again; if it stays so, send the results",
        )
    kinds: dict[tuple[str, str], list[Site]] = defaultdict(list)
    for site in sites:
        kinds[site.half, site.reset].append(site)
    whole = [kind for kind, members in kinds.items() if set(members) <= set(stuck)]
    if sum(len(kinds[kind]) for kind in whole) != len(stuck):
        return not_sound(
            PART,
            f"{seen}: {_names(stuck)}",
            "single sites are stuck, so the FPGA is damaged there or their enable does not arrive",
            "use another board, or send the results",
        )
    names = [
        f"every slice with both halves and {reset}"
        if half == "both"
        else f"the lone {half} half with {reset}"
        for half, reset in sorted(whole)
    ]
    seen += f", {listed(names)}: {_names(stuck)}"
    halves = {half for half, _ in whole}
    if halves == {"odd"}:
        return not_sound(
            PART,
            seen,
            f"{LONE_ODD}; {DAMAGE}",
            f"{BOTH_PATTERNS}; otherwise go on, because no build uses an odd half alone; send the "
            "results, please",
        )
    meaning = "the bitstream holds the output register in reset"
    advice = "send the results, please: builds that place multipliers so would compute wrong scores"
    if "both" in halves:
        return not_sound(PART, seen, meaning, advice)
    return not_sound(PART, seen, f"{meaning}, {DAMAGE}", f"{BOTH_PATTERNS}; {advice}")


def _count(some: Sequence[Site], sites: Sequence[Site]) -> str:
    return f"{len(some)} of {len(sites)}"


def _names(sites: Sequence[Site]) -> str:
    return listed(site.bel for site in sites)
