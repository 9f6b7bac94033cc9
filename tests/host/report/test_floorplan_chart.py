"""The floorplans show every tile's cells and wires."""

import xml.etree.ElementTree as ElementTree

from fireline.host.bitstream.floorplan import Floorplan, Tile
from fireline.host.bitstream.slow_paths import SlowPaths
from fireline.host.report.floorplan_chart import cells_plan, wires_plan
from support.built import REPORT, floorplan
from support.svg import boxes


def test_the_cells_of_a_die(tmp_path):
    svg = ElementTree.fromstring(cells_plan(floorplan(tmp_path), SlowPaths.of(REPORT).path))
    paths = {path.get("class"): path.get("d") for path in svg.iter("path")}
    assert boxes(paths["shade"]) == [(3, 2, 0.92, 0.92)]
    assert boxes(paths["ebr"]) == [(5, 22, 1.8, 1)]
    assert boxes(paths["dsp"]) == [(4, 13, 1.8, 1)]
    assert paths["critical"] == "M3.5 2.5L5.5 22.5"
    assert svg.get("viewBox") == "-1 -1 75 53"


def test_fuller_tiles_are_darker():
    tiles = tuple(Tile(x, 0, 4 * x, 4 * x, 10 * x, 0, 0) for x in range(3))
    for draw in (cells_plan, wires_plan):
        svg = ElementTree.fromstring(draw(Floorplan(3, 1, tiles), None))
        shade = {
            boxes(path.get("d"))[0][0]: float(path.get("fill-opacity")) for path in svg.iter("path")
        }
        assert set(shade) == {1, 2} and shade[1] < shade[2]


def test_an_empty_die():
    for draw in (cells_plan, wires_plan):
        svg = ElementTree.fromstring(draw(Floorplan(3, 1, ()), None))
        assert not list(svg.iter("path"))
