"""Every command of the README: the quick ones run, the others are checked and run elsewhere."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from fireline import cli
from fireline.host.network.file import write_network
from fireline.host.network.lookup import resolve
from fireline.host.network.random_network import random_network
from PIL import Image
from support.paths import ROOT

README = (ROOT / "README.md").read_text()
QUICK = ("summary", "boards", "export", "evaluate", "verilog")
LONG = {"train", "quantize", "simulate", "build", "flash", "report", "classify", "bench", "explore"}


def commands() -> list[list[str]]:
    """The commands in the README's shell blocks, in order."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S)
    text = "".join(blocks).replace("\\\n", " ")
    return [shlex.split(line) for line in text.splitlines()]


OURS = [words for words in commands() if words[0] == "fireline"]


@pytest.mark.parametrize("words", OURS, ids=" ".join)
def test_a_commands_options_are_known(words):
    command = cli.main.commands[words[1]]
    assert command.make_context(words[1], words[2:])


def test_the_quick_commands_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (shape,) = re.findall(r"^```toml\n(.*?)^```", README, re.M | re.S)
    Path("mine.toml").write_text(shape)
    write_network(random_network(resolve("mine.toml"), 0), "mine.fireline")
    for label, name in enumerate(("cat", "cow", "dog", "hen", "pig")):
        Path("photos", name).mkdir(parents=True)
        pixels = np.full((64, 64, 3), 40 * label, np.uint8)
        Image.fromarray(pixels).save(Path("photos", name, "1.png"))
    ran = set()
    for _, name, *arguments in OURS:
        if name in QUICK and "cifar-10" not in arguments:
            done = CliRunner().invoke(cli.main, [name, *arguments])
            assert done.exit_code == 0, done.stderr
            ran.add(name)
    assert ran == set(QUICK)


def test_the_long_commands_are_run_by_other_tests_or_the_demo():
    demo = (ROOT / "demo.sh").read_text()
    used = {words[1] for words in OURS}
    assert used - set(QUICK) <= LONG
    for name in used - set(QUICK):
        tests = (ROOT / "tests" / f"test_commands_{name}.py").read_text()
        assert f"fireline {name} " in demo or f'"{name}", ' in tests, name


def test_what_is_made_is_made_by_ci():
    made = [words[1] for words in commands() if words[0] == "make"]
    script = (ROOT / ".ci" / "run").read_text()
    assert made == ["demo", "test"]
    for target in made:
        assert f"make {target}\n" in script


def test_nothing_else_is_told():
    assert {words[0] for words in commands()} == {"fireline", "make", "pip"}
    assert [words for words in commands() if words[0] == "pip"] == [["pip", "install", "."]]


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / target).is_file(), target
