"""A group takes the cycles that its schedule says, whenever it is asked for."""

from dataclasses import replace

import pytest
from fireline.hw.protocol import MemoryState
from fireline.hw.sdram import SdramCycles, SdramTiming
from fireline.hw.sdram_reader import GroupSchedule, ImageGeometry
from hypothesis import given
from hypothesis import strategies as st
from sdram_bench import LOADED, QUICK, TESTED, Setup, build_bench, run

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


@given(st.integers(1, 20_000), st.floats(25, 130))
def test_stretches_live_on_their_refreshes(bursts, clock_mhz):
    cycles = SdramCycles.of(SdramTiming(), clock_mhz)
    schedule = GroupSchedule(bursts, cycles)
    full = schedule.stretches - 1
    assert full * schedule.stretch_bursts < bursts <= schedule.stretches * schedule.stretch_bursts
    assert schedule.group_cycles <= schedule.stretches * schedule.refreshes * cycles.interval
    assert 1 <= schedule.refreshes <= 8


def test_a_flagship_group_comes_at_nearly_a_word_a_cycle():
    """32 weight words of 16 x 32 nibbles and an exponent bit for each lane."""
    schedule = GroupSchedule(32 * (16 * 32 * 4 + 32) // 16 // 8, SdramCycles.of(SdramTiming(), 100))
    assert schedule.words_per_cycle > 0.98


@pytest.mark.parametrize("groups, words", [(0, 8), (1, 0), (1, 12), (1, -8)])
def test_groups_that_are_no_whole_bursts_are_refused(groups, words):
    with pytest.raises(ValueError, match="multiple of 8"):
        ImageGeometry(groups, words, 0)
