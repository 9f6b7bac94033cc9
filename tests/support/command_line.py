"""Runs commands in tests, and damages files."""

import safetensors.torch
from click.testing import CliRunner
from fireline import cli

SAME_EVERYWHERE = {
    name: {"tools": "pip"}
    for name, command in cli.main.commands.items()
    if any(option.name == "tools" for option in command.params)
}
"""Defaults of options: whatever programs stand on PATH, tests give the same."""


class Result:
    """The output and the exit status of a command."""

    def __init__(self, *arguments):
        words = [str(each) for each in arguments]
        done = CliRunner().invoke(cli.main, words, default_map=SAME_EVERYWHERE)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        self.status, self.stdout, self.stderr = done.exit_code, done.stdout, done.stderr


def runs(*arguments) -> Result:
    """Runs a command that must succeed."""
    result = Result(*arguments)
    assert result.status == 0, result.stderr
    assert not result.stderr
    return result


def complains(*arguments) -> str:
    """Runs a command that must refuse its input; returns the one line that it prints."""
    result = Result(*arguments)
    assert result.status == 2, result.stdout
    (line,) = result.stderr.splitlines()
    assert line.startswith("fireline: ") and "Traceback" not in line
    return line


def truncated(path):
    """Cuts the last bytes off a file."""
    path.write_bytes(path.read_bytes()[:-10])


def change(name, function):
    """Returns a function that changes one tensor of a weights file."""

    def damage(path):
        state = safetensors.torch.load_file(path)
        state[name] = function(state[name])
        safetensors.torch.save_file(state, path)

    return damage
