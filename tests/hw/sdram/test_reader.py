"""A block takes the cycles that `BlockTiming` computes, whenever it is requested."""

from dataclasses import replace

import pytest
from fireline.hw.link.protocol import MemoryState
from fireline.hw.sdram.block_timing import BlockTiming
from support.sdram_testbench import LOADED, QUICK, TESTED, Setup, build_simulator, run

SLOW = Setup(2, 24, 62.5, replace(QUICK.timing, refresh=2_000.0))


@pytest.mark.parametrize("setup", [QUICK, SLOW], ids=["quick", "slow"])
def test_every_block_takes_the_same_cycles_and_returns_its_words(setup, tmp_path):
    timing = BlockTiming(setup.contents.block_bursts, setup.cycles)
    interval = setup.cycles.interval
    gaps = [0, 0, *range(1, 12), *range(interval - 20, interval + 20), 0, 5 * interval]
    steps = [TESTED, ["load", setup.weights.hex()], LOADED, ["wait", 70]]
    steps += [["blocks", gaps, setup.block_words]]
    *_, loaded, _, blocks = run(build_simulator(setup), tmp_path, steps)
    assert loaded == MemoryState.READY
    assert [cycles for cycles, _ in blocks] == [timing.block_cycles] * len(gaps)
    for number, (_, words) in enumerate(blocks):
        assert words == setup.blocks_of_words[number % setup.blocks]


def test_quick_blocks_have_two_stretches():
    """So the test above covers the refreshes between stretches."""
    assert BlockTiming(QUICK.contents.block_bursts, QUICK.cycles).stretches == 2
