"""The PLL's settings against its data sheet."""

import pytest
from fireline.errors import FirelineError
from fireline.hw.clock import pll_settings
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
