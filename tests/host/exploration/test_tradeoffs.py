"""The Pareto front, the table and the chart."""

import csv
import xml.etree.ElementTree as ElementTree

import pytest
from fireline.host.exploration.tradeoffs import COSTS, draw, front, write_table
from fireline.host.exploration.trial import Measured
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image


def point(top1: float, cost: int, network="tiny-sr0.5", array="8x8", bits=4) -> Measured:
    return Measured(network, array, bits, 1000, 0.9, top1, 100 * cost, 1000 * cost, cost)


POINTS = [
    point(0.5, 1, "tiny-sr0.125"),
    point(0.7, 2, "tiny-sr0.25", "16x16"),
    point(0.6, 3),
    point(0.8, 4, "tiny", "4x4", 8),
]
numbers = st.integers(1, 6)


@given(st.lists(st.builds(point, numbers, numbers), min_size=1, max_size=12))
def test_the_front_is_what_no_point_beats(points):
    found = front(points, "cycles")
    for each in points:
        beaten = any(
            other.cycles <= each.cycles
            and other.top1 >= each.top1
            and (other.cycles, other.top1) != (each.cycles, each.top1)
            for other in points
        )
        alike = [(other.cycles, other.top1) for other in found]
        assert ((each.cycles, each.top1) in alike) == (not beaten)
    assert [each.cycles for each in found] == sorted({each.cycles for each in found})


def test_the_table(tmp_path):
    write_table(POINTS, tmp_path / "results.csv")
    with (tmp_path / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["network"] for row in rows] == [each.network for each in POINTS]
    assert rows[1] | {"array": "16x16", "top1": "0.7", "cycles": "2000"} == rows[1]


@pytest.mark.parametrize("points", [POINTS, POINTS[:1]])
def test_the_chart(tmp_path, points):
    draw(points, "a title", tmp_path / "chart.svg")
    draw(points, "a title", tmp_path / "again.svg")
    text = (tmp_path / "chart.svg").read_text()
    assert (tmp_path / "again.svg").read_text() == text
    labels = set(ElementTree.fromstring(text).itertext())
    assert {"a title", "sr0.125", "8x8, 4 bits", *COSTS.values()} <= labels
    assert ("4x4, 8 bits" in labels) == (len(points) > 1)
    draw(points, "a title", tmp_path / "chart.png")
    with Image.open(tmp_path / "chart.png") as image:
        assert image.width > 1000
