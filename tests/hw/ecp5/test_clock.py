"""The PLL's settings against the data sheet's limits."""

import re

import pytest
from amaranth.back import rtlil
from fireline.errors import FirelineError
from fireline.hw.ecp5.clock import PLL, pll_settings
from hypothesis import given
from hypothesis import strategies as st


@given(st.floats(3.125, 400))
def test_settings_keep_the_limits_and_come_near(output_mhz):
    settings = pll_settings(25.0, output_mhz)
    assert settings.output_mhz <= output_mhz + 1e-5
    assert settings.output_mhz > output_mhz - 3.125
    assert 400 <= settings.output_mhz * settings.output_divider <= 800
    assert 25.0 / settings.input_divider >= 3.125
    assert settings.output_mhz == pytest.approx(
        25.0 / settings.input_divider * settings.feedback_divider
    )
    for divider in (
        settings.input_divider,
        settings.feedback_divider,
        settings.output_divider,
    ):
        assert 1 <= divider <= 128


@pytest.mark.parametrize("output_mhz", [25, 50, 60, 62.5, 75, 80, 90, 100])
def test_round_clocks_are_made_exactly(output_mhz):
    assert pll_settings(25.0, output_mhz).output_mhz == output_mhz


def test_settings_that_the_vendors_example_uses():
    settings = pll_settings(25.0, 60.0)
    assert (settings.input_divider, settings.feedback_divider, settings.output_divider) == (
        5,
        12,
        10,
    )


@pytest.mark.parametrize("output_mhz", [0.0, 1.0, 500.0])
def test_impossible_clocks_are_refused_in_one_line(output_mhz):
    with pytest.raises(FirelineError, match="the PLL cannot make") as error:
        pll_settings(25.0, output_mhz)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("output_mhz", [50, 62.5, 80, 100])
def test_second_clock_leads_by_what_was_asked_for(output_mhz):
    settings = pll_settings(25.0, output_mhz)
    pll = PLL(settings, 5.0)
    step = 1000 / settings.oscillator_mhz
    assert abs(pll.lead_steps * step - 5.0) <= step / 2 < 1.3
    text = rtlil.convert(pll)
    delay = settings.output_divider - pll.lead_steps
    phases = [int(re.search(rf"{clock}_CPHASE (\d+)", text)[1]) for clock in ("CLKOP", "CLKOS")]
    assert phases[1] - phases[0] == delay
    assert "CLKOS" not in rtlil.convert(PLL(settings))
