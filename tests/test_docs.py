"""Every document: its commands are known or run, its links and file names lead somewhere."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from fireline import cli
from fireline.host.compiler.buffers import StreamedHead
from fireline.host.compiler.manifest import manifest
from fireline.host.network.architecture import Conv1
from fireline.host.network.file import write_network
from fireline.host.network.lookup import resolve
from fireline.host.network.random_network import random_network
from fireline.hw.boards import ulx3s
from fireline.hw.system import Lights
from PIL import Image
from support.documents import (
    DOCUMENTS,
    README,
    anchors,
    blocks,
    commands,
    links,
    quoted,
    title,
)
from support.networks.small import compiled, fire, network
from support.paths import ROOT

OURS = [words for words in commands(*DOCUMENTS) if words[0] == "fireline"]
QUICK = {"summary", "boards", "export", "evaluate", "verilog", "samples"}
LONG = {
    "train",
    "quantize",
    "simulate",
    "build",
    "flash",
    "report",
    "classify",
    "bench",
    "explore",
    "doctor",
    "selftest",
}
OTHERS_FILES = {
    *("cifar-10", "evaluation"),
    *("cifar10.fireline", "pruned.fireline", "squeezenet1_1.fireline"),
}
"""What a reader has and a test has not."""

OTHERS_MESSAGES = {
    *("unable to open ftdi device", "problem -1 written"),  # openFPGALoader's
    *("lsusb", "0403:6015", "0xfffffff"),
}
"""What a reader may see, and no program of ours says."""

TOPS = {"commands", "docs", "examples", "host", "hw", "sim", "tests", ".ci"}
FILE = re.compile(r"[\w./-]+\.(py|md|toml|v|sv|cpp|svg|sh|txt|cff|html|yaml)|[\w./-]+/")
"""What looks like a file or a folder of the tree."""


@pytest.mark.parametrize("words", OURS, ids=" ".join)
def test_a_commands_options_are_known(words):
    command = cli.main.commands[words[1]]
    assert command.make_context(words[1], words[2:])


def test_the_quick_commands_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (shape,) = blocks(ROOT / "docs" / "your-own-network.md", "toml")
    Path("mine.toml").write_text(shape)
    write_network(random_network(resolve("mine.toml"), 0), "mine.fireline")
    for label, name in enumerate(("cat", "cow", "dog", "hen", "pig")):
        Path("photos", name).mkdir(parents=True)
        pixels = np.full((64, 64, 3), 40 * label, np.uint8)
        Image.fromarray(pixels).save(Path("photos", name, "1.png"))
    ran = set()
    for _, name, *arguments in OURS:
        if name in QUICK and not OTHERS_FILES & set(arguments):
            done = CliRunner().invoke(cli.main, [name, *arguments])
            assert done.exit_code == 0, done.stderr
            ran.add(name)
    assert ran == QUICK


def test_the_long_commands_are_run_by_other_tests_or_the_demo():
    demo = (ROOT / "demo.sh").read_text()
    used = {words[1] for words in OURS}
    assert used - QUICK <= LONG
    for name in used - QUICK:
        tests = (ROOT / "tests" / "commands" / f"test_{name}.py").read_text()
        assert f"fireline {name} " in demo or f'"{name}", ' in tests, name


def test_make_knows_its_targets():
    for words in commands(*DOCUMENTS):
        if words[0] == "make":
            subprocess.run([*words, "--dry-run"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            for test in (word[2:].split()[0] for word in words if word.startswith("T=t")):
                assert (ROOT / test).exists(), test


def test_programs_exist():
    for words in commands(*DOCUMENTS):
        if words[0] == "python":
            assert (ROOT / words[1]).is_file(), words


def test_no_other_commands():
    others = [words for words in commands(*DOCUMENTS) if words[0] not in ("fireline", "make")]
    assert {words[0] for words in others} <= {"pip", "python", "pre-commit"}
    assert [words for words in others if words[0] == "pip"] == [
        ["pip", "install", "."],
        ["pip", "install", "pre-commit"],
    ]


@pytest.mark.parametrize("file", DOCUMENTS, ids=title)
def test_links_lead_somewhere(file):
    for target in links(file):
        path, _, anchor = target.partition("#")
        found = (file.parent / path).resolve() if path else file
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(found), target


@pytest.mark.parametrize("file", DOCUMENTS, ids=title)
def test_files_that_are_named_exist(file):
    for text in quoted(file):
        if FILE.fullmatch(text) and text.split("/")[0] in TOPS and "/" in text:
            assert (ROOT / text).exists(), text


def test_every_document_is_reachable_from_the_readme():
    reached, waiting = set(), [README]
    while waiting:
        file = waiting.pop()
        if file not in reached and file in DOCUMENTS:
            reached.add(file)
            waiting += [(file.parent / each.partition("#")[0]).resolve() for each in links(file)]
    assert reached == set(DOCUMENTS)


def first_column(file: Path, heading: str) -> list[str]:
    """The first cells of the table whose first column has that heading."""
    table = file.read_text().split(f"\n| {heading} |", 1)[1].split("\n\n")[0]
    return [row.split("|")[1].strip() for row in table.splitlines()[2:]]


def test_the_ports_are_those_of_the_core():
    architecture = network(Conv1(6, 3, 1, 1), "pool", fire(4, 4, 5), classes=9)
    described = manifest(compiled(architecture, "8x4", head=StreamedHead(2)))
    file = ROOT / "docs" / "core-interface.md"
    plain, streamed = first_column(file, "port"), first_column(file, "port, if streamed")
    named = [cell.strip("`") for cell in (*plain, *streamed)]
    assert sorted(named) == sorted(port["name"] for port in described["ports"])


@pytest.mark.parametrize(
    "language, example", [("verilog", "classifier.v"), ("python", "amaranth_top.py")]
)
def test_the_instances_are_those_of_the_examples(language, example):
    lines = [line.strip() for line in (ROOT / "examples" / example).read_text().splitlines()]
    (shown,) = blocks(ROOT / "docs" / "core-interface.md", language)
    for line in shown.splitlines():
        assert line.strip() in lines, line


def test_boards_and_lights_are_those_of_the_sources():
    file = ROOT / "docs" / "getting-started-ulx3s.md"
    assert {board.name for board in ulx3s.BOARDS} <= set(quoted(file))
    lights = [name for name, _ in Lights.as_shape()]
    assert [name for name in quoted(file) if name in lights] == lights
    assert first_column(file, "light") == [f"D{n}" for n in range(len(lights) + 1)]


def test_the_quantizers_steps_are_those_of_the_command():
    shown = CliRunner().invoke(cli.main, ["quantize", "--help"]).stdout
    steps = re.findall(r"^ {4}([a-z-]+) {2,}\S", shown, re.M)
    assert len(steps) > 4
    assert first_column(ROOT / "docs" / "quantization.md", "step") == steps


def seen(file: Path) -> list[str]:
    """What a document quotes in the tables of what a user may see."""
    rows = re.findall(r"^\| what you see \|.*\n\|[-|]+\n((?:\|.*\n)*)", file.read_text(), re.M)
    cells = [line.split("|")[1] for line in "".join(rows).splitlines()]
    return [message for cell in cells for message in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize("name", ["getting-started-ulx3s", "bring-up"])
def test_messages_are_those_of_the_program(name):
    folders = ("commands", "host/link", "host/bitstream", "host/doctor", "host/selftest")
    sources = [file.read_text() for folder in folders for file in (ROOT / folder).glob("*.py")]
    text = re.sub(r"\"\s+f?\"", "", "".join(sources))
    messages = seen(ROOT / "docs" / f"{name}.md")
    assert len(messages) > 5
    for message in set(messages) - OTHERS_MESSAGES:
        assert message in text, message


def test_the_form_asks_about_each_step_of_the_bring_up():
    steps = re.findall(r"^## (\d+)\. ", (ROOT / "docs" / "bring-up.md").read_text(), re.M)
    (form,) = blocks(ROOT / "docs" / "bring-up-form.md", "text")
    assert re.findall(r"^ ?(\d+)  ", form, re.M) == steps[1:-1]


def test_the_floors_are_those_that_the_tests_hold():
    tree = ast.parse((ROOT / "tests" / "test_imports.py").read_text())
    (floors,) = [
        ast.literal_eval(each.value)
        for each in tree.body
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "FLOORS"
    ]
    heading = "\n| floor | `hw/` | `host/` |\n"
    rows = (ROOT / "CONTRIBUTING.md").read_text().split(heading)[1].split("\n\n")[0].splitlines()
    cells = [[cell.strip().split(", ") for cell in row.split("|")[2:4]] for row in rows[1:]]
    for column, top in enumerate(("hw", "host")):
        named = [row[column] for row in cells if row[column] != [""]]
        assert named == [list(names) for names in floors[top]]


def test_the_waveform_is_what_the_simulation_shows(tmp_path):
    drawn = tmp_path / "waveform.svg"
    subprocess.run([sys.executable, ROOT / "docs" / "waveform.py", drawn], check=True)
    shown = (ROOT / "docs" / "waveform.svg").read_text()
    assert drawn.read_text() == shown, "run: python docs/waveform.py"
