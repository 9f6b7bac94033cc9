"""The command `fireline`: its help, and arguments that it refuses."""

from importlib import metadata

import pytest
from fireline import cli
from support.command_line import complains, runs


def test_without_arguments_it_prints_its_help():
    shown = runs().stdout
    assert all(name in shown for name in cli.main.commands)
    assert runs("--help").stdout == shown
    assert runs("--version").stdout == f"fireline {metadata.version('fireline')}\n"


@pytest.mark.parametrize("name", cli.main.commands)
def test_every_commands_help_has_examples(name):
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
def test_wrong_arguments_are_refused(arguments):
    assert "--help" in complains(*arguments)
