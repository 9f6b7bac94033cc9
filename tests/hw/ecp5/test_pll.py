"""The PLL's settings against the data sheet's limits, and the parameters of the cell."""

import re

import pytest
from amaranth.back import rtlil
from fireline.errors import FirelineError
from fireline.hw.ecp5.pll import PLL, pll_settings
from hypothesis import example, given
from hypothesis import strategies as st


@given(st.floats(3.2, 400), st.sampled_from([12.0, 25.0, 48.0, 100.0]))
@example(130.0, 25.0)
@example(133.0, 25.0)
def test_settings_keep_the_limits(output_mhz, input_mhz):
    settings = pll_settings(input_mhz, output_mhz)
    detector_mhz = input_mhz / settings.input_divider
    oscillator_mhz = detector_mhz * settings.feedback_divider
    assert 10 <= detector_mhz <= 400
    assert 400 <= oscillator_mhz <= 800
    assert settings.output_mhz == pytest.approx(oscillator_mhz / settings.output_divider)
    assert settings.output_mhz <= output_mhz + 1e-5
    dividers = settings.input_divider, settings.feedback_divider, settings.output_divider
    assert all(1 <= divider <= 128 for divider in dividers)


@given(st.floats(3.2, 200))
def test_settings_come_near(output_mhz):
    assert pll_settings(25.0, output_mhz).output_mhz >= 0.98 * output_mhz


@pytest.mark.parametrize(
    "output_mhz",
    [25, 50, 60, 62.5, 75, 80, 90, 100, 105, 110, 115, 120, 125, 130, 132.5, 135, 140],
)
def test_round_clocks_are_made_exactly(output_mhz):
    assert pll_settings(25.0, output_mhz).output_mhz == output_mhz


@pytest.mark.parametrize(
    ("output_mhz", "feedback_divider", "output_divider"),
    [(110, 22, 5), (115, 23, 5), (120, 24, 5), (130, 26, 5), (135, 27, 5), (140, 28, 5)],
)
def test_the_detector_runs_at_the_oscillators_25_mhz(output_mhz, feedback_divider, output_divider):
    settings = pll_settings(25.0, output_mhz)
    assert (settings.input_divider, settings.feedback_divider) == (1, feedback_divider)
    assert settings.output_divider == output_divider


@given(st.floats(3.2, 400))
@example(102.0)
@example(134.0)
def test_asking_for_the_clock_that_is_made_gives_the_same_settings(output_mhz):
    settings = pll_settings(25.0, output_mhz)
    assert pll_settings(25.0, settings.output_mhz) == settings


@pytest.mark.parametrize("output_mhz", [0.0, 1.0, -5.0, 500.0])
def test_impossible_clocks_are_refused_in_one_line(output_mhz):
    with pytest.raises(FirelineError, match="the PLL cannot make") as error:
        pll_settings(25.0, output_mhz)
    assert "\n" not in str(error.value)


def parameters(pll) -> dict[str, str]:
    return dict(re.findall(r'parameter \\(\w+) "?(\w+)"?', rtlil.convert(pll)))


def test_the_feedback_is_an_output_of_its_own():
    cell = parameters(PLL(pll_settings(25.0, 130.0)))
    assert (cell["CLKI_DIV"], cell["CLKFB_DIV"], cell["FEEDBK_PATH"]) == ("1", "1", "CLKOP")
    assert (cell["CLKOP_DIV"], cell["CLKOS_DIV"]) == ("26", "5")
    assert "CLKOS2_DIV" not in cell
    text = rtlil.convert(PLL(pll_settings(25.0, 130.0)))
    feedback = re.search(r"connect \\CLKOP (\S+)", text)[1]
    assert f"connect \\CLKFB {feedback}" in text


@given(st.sampled_from([50, 62.5, 80, 100, 130]), st.integers(0, 200))
def test_second_clock_leads_by_the_steps(output_mhz, lead_steps):
    """A step is an eighth of the oscillator's period; CPHASE counts periods, FPHASE eighths."""
    settings = pll_settings(25.0, output_mhz)
    cell = parameters(PLL(settings, lead_steps))
    phases = [
        8 * int(cell[f"{name}_CPHASE"]) + int(cell[f"{name}_FPHASE"])
        for name in ("CLKOS", "CLKOS2")
    ]
    assert int(cell["CLKOS2_FPHASE"]) < 8 and int(cell["CLKOS2_CPHASE"]) < 128
    assert (phases[0] - phases[1] - lead_steps) % settings.steps == 0
    assert settings.steps * settings.step_ns == pytest.approx(1000 / output_mhz)
