"""The drawings show what the readings say."""

from xml.etree import ElementTree

from fireline.host.selftest.pictures import CELL, LEFT, TOP, eye_picture, locks_picture
from fireline.host.selftest.pictures import sites_picture as draw_sites
from fireline.host.selftest.readings import Pll
from fireline.host.selftest.sdram import PhaseEye
from fireline.hw.boards import BOARDS
from fireline.hw.selftest.plan import SelfTestPlan
from support.svg import boxes

PLAN = SelfTestPlan(BOARDS["ulx3s-45f"], 100.0, 1)


def parts(picture: str, tag: str) -> list:
    return [each for each in ElementTree.fromstring(picture).iter(tag)]


def test_the_eye():
    phases = 16
    bad = [0] * phases
    bad[0] = 1 << 3  # the designs' phase, in the middle
    bad[15] = 1 << 0  # a step before it
    bad[8] = None  # the first column
    drawn = {
        each.get("class"): boxes(each.get("d"))
        for each in parts(eye_picture(PhaseEye(tuple(bad), 0, 10.0)), "path")
        if each.get("class") != "home"
    }
    cells = {kind: {(x, y) for x, y, _, _ in found} for kind, found in drawn.items()}
    assert cells["shut"] == {
        (LEFT + 8 * CELL, TOP + 3 * CELL),
        (LEFT + 7 * CELL, TOP),
    }
    assert cells["unknown"] == {(LEFT, TOP + bit * CELL) for bit in range(16)}
    assert sum(map(len, cells.values())) == 16 * phases
    texts = {each.text for each in parts(eye_picture(PhaseEye(tuple(bad), 0, 10.0)), "text")}
    assert {"DQ0", "DQ15", "-180°", "0°", "+90°", "-5.0 ns", "+2.5 ns"} <= texts


def test_the_map_of_sites():
    sites = PLAN.tested_sites
    states = ["sound", "wrong", "zero", "untested"] * (len(sites) // 4)
    drawn = parts(draw_sites(PLAN, sites, states), "rect")[1:]
    assert len(drawn) == len(sites) == len(states)
    for square, site, state in zip(drawn, sites, states, strict=True):
        assert float(square.get("x")) // 1 == site.column
        assert square.get("class").split() == [state] + ["lone"] * (site.half != "both")
        assert site.bel in square.find("title").text


def test_times_to_lock():
    def pll(number, shortest, longest):
        return Pll(number, 100.0, 1, 0, 4, shortest, longest, 100_000)

    never = 0xFFFFF
    readings = [pll(0, 2500, 5000), pll(0, 2600, 10_000), pll(1, never, never), pll(2, 5000, 5000)]
    picture = locks_picture(PLAN, [100.0, 62.5, 125.0, 130.0], readings)
    texts = [each.text for each in parts(picture, "text")]
    assert "100 to 400 µs" in texts and "200 µs" in texts
    assert texts.count("no lock") == 2
    bars = [each for each in parts(picture, "path") if each.get("class") == "sound"]
    first, second = (boxes(each.get("d"))[0] for each in bars)
    assert first[2] > 100 > second[2] >= 2
