"""The plan covers every multiplier, lone halves included, and is the same for gateware and host."""

import pytest
from fireline.errors import FirelineError
from fireline.host.selftest.readings import checksum, read_line
from fireline.hw.boards import BOARDS, find_board
from fireline.hw.ecp5.sites import SITES
from fireline.hw.selftest.plan import LONE_RESETS, SelfTestPlan
from fireline.hw.selftest.selftest import title

boards = pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)


@boards
def test_both_patterns_together_test_every_multiplier(board):
    tested = {
        site.bel
        for pattern in (0, 1)
        for site in SelfTestPlan(board, board.clock_mhz, pattern).tested_sites
    }
    assert tested == {bel for halves in SITES[board.device].slices() for *_, bel in halves}
    assert len(tested) == board.multipliers


@boards
@pytest.mark.parametrize("pattern", (0, 1))
def test_lone_halves_have_no_neighbour(board, pattern):
    sites = SelfTestPlan(board, board.clock_mhz, pattern).tested_sites
    places = {(site.row, site.column) for site in sites}
    lone = [site for site in sites if site.half != "both"]
    assert sorted((site.half, site.reset) for site in lone) == [
        (half, reset) for half in ("even", "odd") for reset in LONE_RESETS
    ]
    for site in sites:
        odd = site.bel.endswith(("_1", "_5"))
        neighbour = (site.row, site.column + (-1 if odd else 1))
        assert (neighbour in places) == (site.half == "both")
        assert site.half in ("both", "odd" if odd else "even")


@boards
@pytest.mark.parametrize("pattern", (0, 1))
def test_no_neighbour_in_its_block_drives_another_reset(board, pattern):
    resets = {}
    for site in SelfTestPlan(board, board.clock_mhz, pattern).tested_sites:
        block = site.row, site.column - int(site.bel[-1])
        resets.setdefault(block, set()).add((site.reset, site.half == "both"))
    assert all(len(found) == 1 for found in resets.values())


def test_a_period_has_eight_steps_of_each_oscillator_period():
    plan = SelfTestPlan(find_board("ulx3s-25f"), 100.0)
    assert plan.phases == 8 * plan.settings.vco_mhz / plan.core_mhz
    assert plan.plls == (100.0, 62.5)
    assert plan.has_sdram
    assert plan.block_rams == 54


def test_it_names_what_it_cannot_plan():
    board = find_board("ulx3s-25f")
    with pytest.raises(FirelineError, match="pattern 2"):
        SelfTestPlan(board, 100.0, 2)
    with pytest.raises(FirelineError, match="cannot make 1 MHz"):
        SelfTestPlan(board, 1.0)
    with pytest.raises(FirelineError, match="SDRAM does not run at 140 MHz"):
        SelfTestPlan(board, 140.0)
    with pytest.raises(FirelineError, match="too slow at 10 MHz: ask for 20 MHz or more"):
        SelfTestPlan(board, 10.0)  # its 480 phases are more than a line can name


@pytest.mark.parametrize("clock_mhz", [20, 41, 100, 102, 116.7, 124])
def test_the_host_makes_the_same_plan_from_what_the_board_prints(clock_mhz):
    plan = SelfTestPlan(find_board("ulx3s-25f"), clock_mhz)
    text = title(plan).replace("{4}", "0000") + " "
    begin = read_line(f"{text}*{checksum(text.encode()):02x}")
    assert begin.mhz == plan.core_mhz
    again = SelfTestPlan(plan.board, begin.mhz)
    assert again.settings == plan.settings
    assert (again.phases, again.lead_steps) == (plan.phases, plan.lead_steps)
    assert plan.phases <= 256
