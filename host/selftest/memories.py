"""Judges the block RAMs: their contents, and writes beside reads of the same row."""

from collections.abc import Sequence

from .finding import Finding, listed, not_sound, not_tested, sound
from .multipliers import never_tested
from .readings import BlockRams, Lanes

CONTENTS, LANES = "block RAMs", "block RAMs, writes beside reads"


def judge_block_rams(count: int, readings: Sequence[BlockRams], clock_runs: bool) -> Finding:
    """The finding about the contents of `count` block RAMs as the board reads them."""
    tested, wrong = set(), set()
    for reading in readings:
        if reading.reads:
            covered = range(reading.first, min(reading.first + 32, count))
            tested |= set(covered)
            wrong |= {index for index in covered if reading.wrong >> index - reading.first & 1}
    if not tested:
        return never_tested(CONTENTS, readings, clock_runs)
    if len(wrong) == count > 1:
        return not_sound(
            CONTENTS,
            f"all {count} returned other words than the bitstream gave them",
            "their initial contents or their output registers do not work as simulated, so no "
            "design of Fireline's can work",
            "load the bitstream again; if it stays so, send the results",
        )
    if wrong:
        numbers = listed(map(str, sorted(wrong)))
        return not_sound(
            CONTENTS,
            f"{len(wrong)} of {count} returned wrong words: number {numbers}",
            "the FPGA is damaged there, too hot, or too slow at this clock",
            "try a lower clock; if the same block RAMs fail, use another board",
        )
    if len(tested) < count:
        return not_tested(CONTENTS, f"no line arrived about {count - len(tested)} of {count}")
    return sound(CONTENTS, f"all {count} returned the words that the bitstream gave them")


def judge_lanes(readings: Sequence[Lanes], clock_runs: bool) -> Finding:
    """The finding about reads of a row while a nine-bit lane of it is written."""
    tests = max((each.tests for each in readings), default=0)
    errors = max((each.errors for each in readings), default=0)
    if errors:
        return not_sound(
            LANES,
            f"{errors:,} reads were wrong in {tests:,} passes over one",
            "a write to one lane disturbs a read of the others, so a classifier whose weights are "
            "streamed computes wrong scores",
            "build with --head chip; send the results, please",
        )
    if not tests:
        return never_tested(LANES, readings, clock_runs)
    return sound(LANES, f"no read of a row was wrong; passes: {tests:,}")
