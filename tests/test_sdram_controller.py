"""A controller of slower chips than the one behind it is caught by the model, figure by figure."""

import pytest
from fireline.errors import FirelineError
from fireline.hw.protocol import MemoryState
from sdram_bench import LOADED, QUICK, TESTED, build_bench, run

STEPS = [TESTED, ["load", QUICK.image.hex()], LOADED, ["groups", [40, 0], QUICK.group_words]]

TIGHTER = {
    "t_power_up": (2_100_000, "power-up"),
    "t_rcd": (31_000, "tRCD"),
    "t_rp": (61_000, "tRP"),
    "t_ras": (161_000, "a bank that has one open|tRP|not idle"),
    "t_rc": (161_000, "tRC"),
    "t_rfc": (81_000, "tRFC"),
    "t_rrd": (81_000, "tRRD"),
    "t_wr": (41_000, "tRP|not idle"),
    "mrd_cycles": (5, "tMRD"),
    "t_refresh": (700_000, "refresh: too many"),
    "t_ck3": (10_001, "CAS latency"),
}
"""More than the controller keeps to: picoseconds or cycles, and what the model says."""


@pytest.fixture(scope="module")
def bench():
    return build_bench(QUICK)


def test_nothing_is_forbidden_by_the_data_sheet(bench, tmp_path):
    assert run(bench, tmp_path, STEPS)[2] == MemoryState.READY


@pytest.mark.parametrize("name", TIGHTER)
def test_a_chip_that_needs_more_time_is_noticed(bench, tmp_path, name):
    value, what = TIGHTER[name]
    with pytest.raises(FirelineError, match=what):
        run(bench, tmp_path, STEPS, **{name: value})
