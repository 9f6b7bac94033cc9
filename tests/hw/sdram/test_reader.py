"""A group takes the cycles that its schedule says, whenever it is asked for."""

from dataclasses import replace

import pytest
from fireline.hw.link.protocol import MemoryState
from fireline.hw.sdram.block_timing import GroupSchedule
from support.sdram_testbench import LOADED, QUICK, TESTED, Setup, build_bench, run

SLOW = Setup(2, 24, 62.5, replace(QUICK.timing, refresh=2_000.0))


@pytest.mark.parametrize("setup", [QUICK, SLOW], ids=["quick", "slow"])
def test_every_group_takes_the_same_cycles_and_brings_its_words(setup, tmp_path):
    schedule = GroupSchedule(setup.geometry.group_bursts, setup.cycles)
    interval = setup.cycles.interval
    gaps = [0, 0, *range(1, 12), *range(interval - 20, interval + 20), 0, 5 * interval]
    steps = [TESTED, ["load", setup.image.hex()], LOADED, ["wait", 70]]
    steps += [["groups", gaps, setup.group_words]]
    *_, loaded, _, groups = run(build_bench(setup), tmp_path, steps)
    assert loaded == MemoryState.READY
    assert [cycles for cycles, _ in groups] == [schedule.group_cycles] * len(gaps)
    for number, (_, words) in enumerate(groups):
        assert words == setup.groups_of_words[number % setup.groups]


def test_quick_groups_have_two_stretches():
    """So that what lies between them was tested above."""
    assert GroupSchedule(QUICK.geometry.group_bursts, QUICK.cycles).stretches == 2
