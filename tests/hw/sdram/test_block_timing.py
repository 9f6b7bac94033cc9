"""Stretches of a block and the refreshes before them."""

from fireline.hw.sdram.block_timing import BlockTiming
from fireline.hw.sdram.chip import SdramCycles, SdramTiming
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(1, 20_000), st.floats(25, 130))
def test_stretches_live_on_their_refreshes(bursts, clock_mhz):
    cycles = SdramCycles.of(SdramTiming(), clock_mhz)
    schedule = BlockTiming(bursts, cycles)
    full = schedule.stretches - 1
    assert full * schedule.stretch_bursts < bursts <= schedule.stretches * schedule.stretch_bursts
    assert schedule.block_cycles <= schedule.stretches * schedule.refreshes * cycles.interval
    assert 1 <= schedule.refreshes <= 8


def test_a_flagship_block_comes_at_nearly_a_word_a_cycle():
    """32 weight words of 16 x 32 nibbles and an exponent bit for each lane."""
    schedule = BlockTiming(32 * (16 * 32 * 4 + 32) // 16 // 8, SdramCycles.of(SdramTiming(), 100))
    assert schedule.words_per_cycle > 0.98
