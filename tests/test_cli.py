"""The front door."""

from importlib import metadata

import pytest
from fireline import cli
from support.command_line import complains, runs


def test_alone_it_explains_itself():
    shown = runs().stdout
    assert all(name in shown for name in cli.main.commands)
    assert runs("--help").stdout == shown
    assert runs("--version").stdout == f"fireline {metadata.version('fireline')}\n"


@pytest.mark.parametrize("name", cli.main.commands)
def test_every_command_teaches_with_examples(name):
    shown = runs(name, "--help").stdout
    assert f"  fireline {name}" in shown.split("Example")[1]
    assert "--json FILE" in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nix"],
        ["nix"],
        ["summary"],
        ["simulate", "cifar10"],
        ["simulate", "x", "y", "--stall", "z"],
    ],
)
def test_a_command_that_is_none(arguments):
    assert "--help" in complains(*arguments)
