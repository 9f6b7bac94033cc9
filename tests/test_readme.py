"""The README: short, its figures those of the measurements, its two commands run by CI."""

import re

import pytest
from click.testing import CliRunner
from fireline import cli
from support.documents import MEASUREMENTS, README, commands, table_rows
from support.paths import ROOT

NEIGHBOURS = "| task | who |"


def test_it_is_short():
    assert len(README.read_text().splitlines()) <= 150


def test_its_results_are_those_of_the_measurements():
    rows = table_rows(README)
    results = rows[: next(n for n, row in enumerate(rows) if row.startswith(NEIGHBOURS))]
    assert len(results) > 2
    assert set(results) <= set(table_rows(MEASUREMENTS))


def test_what_is_made_is_made_by_ci():
    made = [words[1] for words in commands(README) if words[0] == "make"]
    script = (ROOT / ".ci" / "run").read_text()
    assert made == ["demo", "test"]
    for target in made:
        assert re.search(rf"^make {target}\b", script, re.M)


def test_the_neighbours_have_sources():
    rows = table_rows(README)
    (start,) = [n for n, row in enumerate(rows) if row.startswith(NEIGHBOURS)]
    for row in rows[start + 2 :]:
        assert len(row.strip("|").split("|")[-1].strip()) > 3, row


@pytest.mark.parametrize("command", ["summary cifar10 --array 8x8"])
def test_what_it_shows_is_printed(command):
    shown = README.read_text().split(f"$ fireline {command}\n")[1].split("\n\n")[0].splitlines()
    printed = CliRunner().invoke(cli.main, command.split()).stdout.splitlines()
    lines = [line.split() for line in printed]
    for line in shown:
        assert line.strip() == "..." or line.split() in lines, line
