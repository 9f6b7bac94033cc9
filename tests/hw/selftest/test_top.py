"""The design on a board: its pins, and the cells that it tests, each multiplier at its site."""

import re

from fireline.hw.boards import find_board
from fireline.hw.selftest.plan import SelfTestPlan
from fireline.hw.selftest.top import SelfTestTop


def test_the_design_has_the_cells_and_pins_of_the_plan():
    plan = SelfTestPlan(find_board("ulx3s-25f"), 100.0, pattern=1)
    files = plan.board.make_platform().prepare(SelfTestTop(plan), "top", emit_src=False).files
    netlist, pins = files["top.il"], files["top.lpf"]
    cells = re.findall(r"^  cell \\(\S+) ", netlist, re.M)
    assert cells.count("MULT18X18D") == len(plan.tested_sites)
    assert cells.count("EHXPLLL") == len(plan.plls)
    assert cells.count("DTR") == 1
    placed = re.findall(r"attribute \\BEL \"(\S+)\"", netlist)
    assert sorted(placed) == sorted(site.bel for site in plan.tested_sites)
    for reset in ("RST0", "RST3"):
        used = netlist.count(f'parameter \\REG_OUTPUT_RST "{reset}"')
        assert used == sum(site.reset == reset for site in plan.tested_sites)
    for pin in ("G2", "M1", "L4", "B2", "D2", "F19", "L2", "F1"):
        assert f'SITE "{pin}"' in pins
