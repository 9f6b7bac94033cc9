"""The page shows the report's figures, and is HTML and XML without other files."""

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest
from fireline.errors import FirelineError
from fireline.host.compiler.compile import Compiled
from fireline.host.network.architecture import Conv1
from fireline.host.network.quantized import QuantizedNetwork
from fireline.host.network.random_network import random_network
from fireline.host.report.page import render, write_page
from fireline.host.report.report import load_report
from fireline.host.report.summary import layer_cycles
from PIL import Image
from support.built import change, leave
from support.networks.small import TINY, compiled, fire, network, pictures

JOB = compiled(TINY)


def parse(text: str) -> ElementTree.Element:
    """The page as XML; asserts that an HTML parser sees the same elements."""
    seen = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag, attributes):
            seen.append(tag)

    Parser().feed(text)
    root = ElementTree.fromstring(text)
    assert [element.tag.lower() for element in root.iter()] == [tag.lower() for tag in seen]
    return root


def page(folder, job: Compiled = JOB, **options) -> ElementTree.Element:
    return parse(render(load_report(leave(job, folder), **options)))


def words(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def rows(root: ElementTree.Element, name: str) -> list[list[str]]:
    """The cells of a table's body."""
    (table,) = [table for table in root.iter("table") if table.get("id") == name]
    return [[words(cell) for cell in row] for row in table.find("tbody")]


def figure(root: ElementTree.Element, name: str) -> str:
    (element,) = [element for element in root.iter("dd") if element.get("id") == name]
    return words(element)


def test_the_page_refers_to_no_other_file(tmp_path):
    root = page(tmp_path)
    for element in root.iter():
        assert element.tag not in ("script", "link", "iframe", "object", "a")
        for name in ("src", "href", "data", "action", "srcset"):
            assert element.get(name, "data:").startswith("data:")
    style = "".join(words(each) for each in root.iter("style"))
    assert "url(" not in style and "@import" not in style
    assert "prefers-color-scheme: dark" in style and "max-width: 640px" in style


def test_every_colour_is_defined(tmp_path):
    style = "".join(words(each) for each in page(tmp_path).iter("style"))
    dark = style.split("prefers-color-scheme: dark")[1].split("} }")[0]
    for name in set(re.findall(r"var\((--[\w]+)", style)) - {"--c"}:
        assert f"{name}:" in style.split("@media")[0] and f"{name}:" in dark, name


def test_the_key_figures(tmp_path):
    root = page(tmp_path)
    timing = JOB.timing
    busy = sum(last - first + 1 for first, last in timing.operations)
    assert figure(root, "frames") == f"{50e6 / timing.cycles:,.0f}of the core"
    assert figure(root, "clock") == "50 MHz62.5 MHz possible"
    assert figure(root, "cycles") == f"{timing.cycles:,}{timing.cycles - busy:,} of them idle"
    assert figure(root, "utilisation") == f"{JOB.utilisation:.1%}{JOB.mac_passes:,} MAC passes"
    assert "too fast" not in words(root)
    assert "Accuracy" not in words(root)


def test_every_layer_has_a_bar(tmp_path):
    cells = rows(page(tmp_path), "layers")
    assert {row[0]: int(row[4].replace(",", "")) for row in cells} == layer_cycles(JOB)
    assert {row[2] for row in cells} == {"4"}


def test_bars_are_as_long_as_their_figures(tmp_path):
    root = page(tmp_path)
    widths = [float(bar.get("style")[6:-1]) for bar in root.iter("i") if bar.get("style")]
    cycles = list(layer_cycles(JOB).values())
    expected = [100 * each / max(cycles) for each in cycles]
    assert widths[: 2 * len(cycles) : 2] == pytest.approx(expected, abs=0.01)
    assert max(widths) <= 100


def test_resources_and_memories(tmp_path):
    root = page(tmp_path)
    usage = {row[0]: row[1:] for row in rows(root, "usage")}
    assert usage["LUTs"] == ["4,321", "24,288", "18%"]
    assert usage["block RAMs"] == ["5", "56", "9%"]
    report = load_report(tmp_path)
    memories = {row[0]: row[1:] for row in rows(root, "memories")}
    for memory in report.resources.memories:
        assert memories[memory.name][0] == f"{memory.words:,}"
        assert memories[memory.name][3] == str(memory.block_rams or "in LUTs")
    (squares,) = [each for each in root.iter("div") if each.get("class") == "map"]
    kinds = [square.get("class") for square in squares]
    assert len(kinds) == 56 and kinds.count("free") == 56 - report.resources.block_rams
    assert kinds.count("m0") == report.resources.memories[0].block_rams


def test_the_tools_are_named_with_their_versions(tmp_path):
    root = page(tmp_path)
    (named,) = [each for each in root.iter("span") if each.get("id") == "tools"]
    assert words(named) == "yosys 0.70, from pip; nextpnr-ecp5 0.9-3, from PATH"
    assert load_report(tmp_path).figures()["tools"]["yosys"] == "0.70, from pip"
    change(tmp_path / "build.json", tools={})
    assert "Tools:" not in render(load_report(tmp_path))


def test_the_ends_of_slow_paths_are_listed(tmp_path):
    assert rows(page(tmp_path), "slow") == [
        ["core.last", "2", "3.00"],
        ["core.lines.memory", "1", "2.90"],
    ]


def test_every_stage_is_in_the_diagram(tmp_path):
    shape = network(
        Conv1(8, 3, 2, 1), fire(4, 4, 4, "simple"), fire(4, 5, 6, "complex"), "pool", height=9
    )
    root = page(tmp_path, compiled(shape, bits=8))
    (flow,) = [each for each in root.iter("ol")]
    stages = [words(stage) for stage in flow]
    assert [stage.split()[0] for stage in stages] == [
        "conv1", "fire2", "fire3", "pool1", "conv4", "average",
    ]  # fmt: skip
    assert "3x3 / 2 88 bit 8 x 5 x 3" in stages[0]
    assert "+ its input" in stages[1] and "+ 1x1 11" in stages[2]


def test_a_missed_clock_is_shown(tmp_path):
    leave(JOB, tmp_path)
    change(tmp_path / "build.json", fmax_mhz=49.5)
    text = words(parse(render(load_report(tmp_path))))
    assert "The clock of 50 MHz is too fast: the design meets 49.5 MHz." in text


def test_pictures_and_notes(tmp_path):
    base = random_network(TINY, 0)
    names, notes = ("<cat>\x1b[2J", "dog & co", "hen"), {"trained on": "<photos>"}
    named = QuantizedNetwork(
        TINY, base.pad_value, base.convs, base.skips, base.score_scale, 0.0, names, notes
    )
    for number, pixels in enumerate(pictures(TINY, 6)):
        file = tmp_path / "photos" / "abc"[number % 3] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(file)
    job = Compiled(named, JOB.program, JOB.timing, JOB.tasks)
    report = load_report(leave(job, tmp_path), tmp_path / "photos")
    root = parse(render(report))
    shown = [words(each) for each in root.iter("figcaption")]
    assert len(shown) == 6
    names = [name.replace("\x1b", r"\x1b") for name in names]
    for text, picture in zip(shown, report.gallery.shown, strict=True):
        assert text.startswith(names[picture.found])
        assert (f"is {names[picture.label]}" in text) == (not picture.is_right)
    assert figure(root, "accuracy").startswith(f"{report.gallery.accuracy.top1:.1%}")
    assert "<photos>" in words(root)


def test_the_page_depends_on_the_build_alone(tmp_path):
    report = load_report(leave(JOB, tmp_path))
    assert write_page(report, tmp_path) == tmp_path / "report.html"
    assert (tmp_path / "report.html").read_text() == render(report)


def test_an_error_names_a_page_that_cannot_be_written(tmp_path):
    report = load_report(leave(JOB, tmp_path))
    with pytest.raises(FirelineError, match=r"report .*report\.html"):
        write_page(report, tmp_path / "none")
