import re
import xml.etree.ElementTree as ElementTree
from itertools import combinations

import pytest
from fireline.host.bitstream.floorplan import Floorplan, Tile
from fireline.host.bitstream.slow_paths import SlowPaths
from fireline.host.compiler.compile import compile_network
from fireline.host.network.lookup import resolve
from fireline.host.network.random_network import random_network
from fireline.host.report import charts
from fireline.host.report.roofline import layer_loads
from fireline.hw.program import ArrayShape
from support.built import REPORT, floorplan
from support.small import TINY, compiled

BOX = re.compile(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)h-\3z")


def boxes(path: str) -> list[tuple[float, ...]]:
    """Left, top, width and height of a path's rectangles; it has nothing else."""
    assert not BOX.sub("", path)
    return [tuple(map(float, box)) for box in BOX.findall(path)]


@pytest.mark.parametrize("end", [0.7, 1, 7, 99, 2167, 206_048, 1e7])
def test_ticks_are_round_and_few(end):
    ticks = charts.ticks(end)
    step = ticks[1]
    assert 3 <= len(ticks) <= 7 and ticks[0] == 0
    assert ticks[-1] <= end < ticks[-1] + step * 1.001
    assert f"{step:.0e}"[0] in "1235"


def test_every_row_operation_is_in_its_layers_lane():
    job = compiled(TINY)
    lanes = charts.lanes(job.program, job.timing)
    assert [name for name, _ in lanes] == [layer.name for layer in job.program.layers]
    drawn = {(name, *box) for name, path in lanes for box in boxes(path)}
    expected = {
        (job.program.layers[row.layer].name, first, 0, last - first + 1, 1)
        for row, (first, last) in zip(job.program.rows, job.timing.operations, strict=True)
    }
    assert drawn == expected and sum(len(boxes(path)) for _, path in lanes) == len(expected)


@pytest.mark.parametrize("name, array", [("cifar10", (8, 8)), ("squeezenet1_1-complex", (16, 32))])
def test_the_roofline_shows_every_layer_and_labels_apart(name, array):
    job = compile_network(random_network(resolve(name), 0), ArrayShape(*array))
    loads = layer_loads(job)
    svg = ElementTree.fromstring(
        charts.roofline(loads, job.program.array.products, job.program.requantizer_lanes)
    )
    _, _, width, height = map(float, svg.get("viewBox").split())
    hints = [title.text.split(":")[0] for title in svg.iter("title")]
    assert sorted(", ".join(hints).split(", ")) == sorted(load.name for load in loads)
    for circle in svg.iter("circle"):
        assert 0 < float(circle.get("cx")) < width and 0 < float(circle.get("cy")) < height
    labels = [
        (float(text.get("x")), float(text.get("y")), len(text.text))
        for text in svg.iter("text")
        if text.get("class") == "label"
    ]
    assert labels
    for (x, y, letters), (other_x, other_y, others) in combinations(labels, 2):
        beside = x > other_x + others * charts.LETTER or other_x > x + letters * charts.LETTER
        assert beside or abs(y - other_y) >= charts.LINE - 1


def test_the_higher_of_two_layers_is_higher_and_the_roof_above_them():
    job = compiled(TINY)
    loads = {load.name: load for load in layer_loads(job)}
    two = [loads["conv1"], loads["conv3"]]
    svg = ElementTree.fromstring(charts.roofline(two, 16, job.program.requantizer_lanes))
    first, second = (float(circle.get("cy")) for circle in svg.iter("circle"))
    assert (first < second) == (two[0].rate > two[1].rate)
    (roof,) = [path.get("d") for path in svg.iter("path") if path.get("class") == "roof"]
    assert float(re.search(r"L\S+ (\S+)H", roof)[1]) < min(first, second)


def test_the_roof_is_what_the_requantizer_lets_through_then_what_the_array_makes():
    job = compiled(TINY)
    svg = ElementTree.fromstring(charts.roofline(layer_loads(job), 16, 2))
    ticks = [text for text in svg.iter("text") if text.text.isdecimal()]
    x = {float(t.get("x")): int(t.text) for t in ticks if t.get("text-anchor") == "middle"}
    y = {float(t.get("y")) - 4: int(t.text) for t in ticks if t.get("x") == "36"}
    (roof,) = [path.get("d") for path in svg.iter("path") if path.get("class") == "roof"]
    start_x, start_y, ridge_x, ridge_y = map(float, re.findall(r"[\d.]+", roof)[:4])
    assert x[ridge_x] == 8 and y[ridge_y] == 16
    assert y[start_y] == 2 * x[start_x] < 16


def test_the_cells_of_a_die(tmp_path):
    svg = ElementTree.fromstring(charts.cells_plan(floorplan(tmp_path), SlowPaths.of(REPORT).path))
    paths = {path.get("class"): path.get("d") for path in svg.iter("path")}
    assert boxes(paths["shade"]) == [(3, 2, 0.92, 0.92)]
    assert boxes(paths["ebr"]) == [(5, 22, 1.8, 1)]
    assert boxes(paths["dsp"]) == [(4, 13, 1.8, 1)]
    assert paths["critical"] == "M3.5 2.5L5.5 22.5"
    assert svg.get("viewBox") == "-1 -1 75 53"


def test_fuller_tiles_are_darker():
    tiles = tuple(Tile(x, 0, 4 * x, 4 * x, 10 * x, 0, 0) for x in range(3))
    for draw in (charts.cells_plan, charts.wires_plan):
        svg = ElementTree.fromstring(draw(Floorplan(3, 1, tiles), None))
        shade = {
            boxes(path.get("d"))[0][0]: float(path.get("fill-opacity")) for path in svg.iter("path")
        }
        assert set(shade) == {1, 2} and shade[1] < shade[2]


def test_an_empty_die():
    for draw in (charts.cells_plan, charts.wires_plan):
        svg = ElementTree.fromstring(draw(Floorplan(3, 1, ()), None))
        assert not list(svg.iter("path"))
