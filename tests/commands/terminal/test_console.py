"""Names are printed as they are: they are no markup, and do not act on the terminal."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from fireline.commands.common import Output
from fireline.host.network.file import read_network, write_network
from support.command_line import runs

NAMES = [
    *((name, name) for name in ("[red]cat", "[/x]", ":cat:", "a{0}", "{task.nothing}")),
    ("two\nlines", r"two\nlines"),
    ("\x1b[2Jhidden", r"\x1b[2Jhidden"),
]


@pytest.mark.parametrize("name, shown", NAMES)
def test_a_name_anywhere(capsys, name, shown):
    output = Output(None)
    output.say(f"{name}: a line")
    table = output.table(f"{name}: a title", "<name", "<" + 60 * "x")
    table.add_row(name)
    output.show(table)
    said = capsys.readouterr().out
    assert f"{shown}: a line\n" in said and f"{shown}: a title" in said
    assert re.search(rf"^ *{re.escape(shown)} *$", said, re.M)


@pytest.mark.parametrize("name, shown", NAMES)
def test_a_name_in_a_progress_bar(capsys, monkeypatch, name, shown):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    output = Output(None)
    with output.progress(f"{name}, bytes") as report:
        report(1, 2)
    with output.steps() as tell:
        tell("Yosys", name)
    said = capsys.readouterr().err
    assert f"{shown}, bytes" in said and f"Yosys: {shown}" in said


def test_classes_and_pictures_of_a_simulation(net, picture, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a table breaks long names
    network = read_network(net)
    names = tuple(f"[red]cat {n}\x1b[2J" for n in range(network.architecture.classes))
    write_network(replace(network, class_names=names), net)
    strange = Path("[") / "x]{0}.png"
    strange.parent.mkdir()
    picture.rename(strange)
    said = runs("simulate", net, strange, "--array", "4x4").stdout
    assert str(strange) in said and r"[red]cat" in said and "\x1b" not in said
