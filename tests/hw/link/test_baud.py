"""Clock cycles a bit for the clocks that boards have."""

import pytest
from fireline.errors import FirelineError
from fireline.hw.link.baud import divisor_of


@pytest.mark.parametrize("clock_mhz, divisor", [(50, 25), (60, 30), (75, 38), (8, 4)])
def test_divisor(clock_mhz, divisor):
    assert divisor_of(clock_mhz, 2_000_000) == divisor


@pytest.mark.parametrize("clock_mhz", [7, 4, 0.1, 13])
def test_clock_that_makes_no_baud_rate_is_refused_in_one_line(clock_mhz):
    with pytest.raises(FirelineError, match="cannot make 2000000 baud") as error:
        divisor_of(clock_mhz, 2_000_000)
    assert "\n" not in str(error.value)
