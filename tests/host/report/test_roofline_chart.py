"""The roofline chart shows every layer at its place, below the roof."""

import re
import xml.etree.ElementTree as ElementTree
from itertools import combinations

import pytest
from fireline.host.compiler.compile import compile_network
from fireline.host.network.lookup import resolve
from fireline.host.network.random_network import random_network
from fireline.host.report.roofline import layer_loads
from fireline.host.report.roofline_chart import LETTER, LINE, roofline
from fireline.hw.program import ArrayShape
from support.networks.small import TINY, compiled


@pytest.mark.parametrize("name, array", [("cifar10", (8, 8)), ("squeezenet1_1-complex", (16, 32))])
def test_the_roofline_shows_every_layer_and_labels_apart(name, array):
    job = compile_network(random_network(resolve(name), 0), ArrayShape(*array))
    loads = layer_loads(job)
    svg = ElementTree.fromstring(
        roofline(loads, job.program.array.products, job.program.requantizer_lanes)
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
        beside = x > other_x + others * LETTER or other_x > x + letters * LETTER
        assert beside or abs(y - other_y) >= LINE - 1


def test_the_higher_of_two_layers_is_higher_and_the_roof_above_them():
    job = compiled(TINY)
    loads = {load.name: load for load in layer_loads(job)}
    two = [loads["conv1"], loads["conv3"]]
    svg = ElementTree.fromstring(roofline(two, 16, job.program.requantizer_lanes))
    first, second = (float(circle.get("cy")) for circle in svg.iter("circle"))
    assert (first < second) == (two[0].rate > two[1].rate)
    (roof,) = [path.get("d") for path in svg.iter("path") if path.get("class") == "roof"]
    assert float(re.search(r"L\S+ (\S+)H", roof)[1]) < min(first, second)


def test_the_roof_is_what_the_requantizer_lets_through_then_what_the_array_makes():
    job = compiled(TINY)
    svg = ElementTree.fromstring(roofline(layer_loads(job), 16, 2))
    ticks = [text for text in svg.iter("text") if text.text.isdecimal()]
    x = {float(t.get("x")): int(t.text) for t in ticks if t.get("text-anchor") == "middle"}
    y = {float(t.get("y")) - 4: int(t.text) for t in ticks if t.get("x") == "36"}
    (roof,) = [path.get("d") for path in svg.iter("path") if path.get("class") == "roof"]
    start_x, start_y, ridge_x, ridge_y = map(float, re.findall(r"[\d.]+", roof)[:4])
    assert x[ridge_x] == 8 and y[ridge_y] == 16
    assert y[start_y] == 2 * x[start_x] < 16
