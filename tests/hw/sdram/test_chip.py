"""The data sheet's times in cycles."""

from dataclasses import replace

import pytest
from fireline.errors import FirelineError
from fireline.hw.sdram.chip import (
    BURST_WORDS,
    MODE_REGISTER,
    SdramCycles,
    SdramGeometry,
    SdramTiming,
)
from hypothesis import given
from hypothesis import strategies as st


def test_at_100_mhz():
    cycles = SdramCycles.of(SdramTiming(), 100)
    assert (cycles.power_up, cycles.rcd, cycles.rp, cycles.rfc, cycles.mrd) == (20_000, 3, 3, 8, 2)
    assert cycles.rest == 3 + 7 + 2 + 1 + 3


@given(st.floats(20, 133))
def test_every_time_is_long_enough_and_refreshes_are_frequent_enough(clock_mhz):
    timing, cycles = SdramTiming(), SdramCycles.of(SdramTiming(), clock_mhz)
    period = 1000 / clock_mhz
    for given_cycles, least in (
        (cycles.power_up, timing.power_up),
        (cycles.rcd, timing.rcd),
        (cycles.rp, timing.rp),
        (cycles.rfc, timing.rfc),
        (cycles.rest, timing.rc),
        (cycles.rest, timing.ras + timing.rp),
        (cycles.rest - cycles.rcd - BURST_WORDS + 1 - cycles.rp, timing.wr),
        (4 * BURST_WORDS, cycles.rest * period),
    ):
        assert given_cycles * period >= least - 1e-6
    assert cycles.interval * period <= timing.refresh


@pytest.mark.parametrize("slow", ["rc", "ras", "wr", "rp"])
def test_a_bank_rests_for_the_longest_of_its_times(slow):
    timing = replace(SdramTiming(), **{slow: 150.0})
    rest = 10 * SdramCycles.of(timing, 100).rest
    assert rest >= max(timing.rc, timing.ras + timing.rp)
    assert rest >= timing.rcd + 10 * (BURST_WORDS - 1) + timing.wr + timing.rp


@pytest.mark.parametrize(
    "clock_mhz, timing",
    [
        (144, {}),
        (3, {}),
        (100, {"refresh": 500.0}),
        (100, {"rcd": 80.0}),  # bursts could not follow each other without a gap
        (100, {"rrd": 81.0}),
        (100, {"rc": 321.0}),
    ],
)
def test_clocks_that_do_not_fit_are_refused(clock_mhz, timing):
    with pytest.raises(FirelineError, match=f"does not run at {clock_mhz} MHz"):
        SdramCycles.of(replace(SdramTiming(), **timing), clock_mhz)


def test_geometry():
    geometry = SdramGeometry()
    assert geometry.words * 2 == 32 << 20
    assert BURST_WORDS << geometry.burst_bits == geometry.words


def test_mode_is_bursts_of_eight_in_order_at_a_latency_of_three():
    assert MODE_REGISTER == 0b0_00_011_0_011
