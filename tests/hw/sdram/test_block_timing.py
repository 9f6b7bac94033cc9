"""The stretches of a block and the refreshes before them."""

from fireline.hw.sdram.block_timing import BlockTiming
from fireline.hw.sdram.chip import SdramCycles, SdramTiming
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(1, 20_000), st.floats(25, 130))
def test_the_refreshes_before_a_stretch_last_for_it(bursts, clock_mhz):
    cycles = SdramCycles.of(SdramTiming(), clock_mhz)
    timing = BlockTiming(bursts, cycles)
    full = timing.stretches - 1
    assert full * timing.stretch_bursts < bursts <= timing.stretches * timing.stretch_bursts
    assert timing.block_cycles <= timing.stretches * timing.stretch_refreshes * cycles.interval
    assert 1 <= timing.stretch_refreshes <= 8


def test_a_large_block_arrives_at_almost_a_word_a_cycle():
    """32 weight words of 16 x 32 weights of 4 bits and 32 exponent bits."""
    timing = BlockTiming(32 * (16 * 32 * 4 + 32) // 16 // 8, SdramCycles.of(SdramTiming(), 100))
    assert timing.words_per_cycle > 0.98
