"""The command line as a test runs it, and files that are damaged."""

import safetensors.torch
from click.testing import CliRunner
from fireline import cli


class Result:
    """What a command printed and returned."""

    def __init__(self, *arguments):
        done = CliRunner().invoke(cli.main, [str(each) for each in arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        self.status, self.stdout, self.stderr = done.exit_code, done.stdout, done.stderr


def runs(*arguments) -> Result:
    """Runs a command, which must succeed."""
    result = Result(*arguments)
    assert result.status == 0, result.stderr
    assert not result.stderr
    return result


def complains(*arguments) -> str:
    """Runs a command, which must refuse its input; returns the one line that it says."""
    result = Result(*arguments)
    assert result.status == 2, result.stdout
    (line,) = result.stderr.splitlines()
    assert line.startswith("fireline: ") and "Traceback" not in line
    return line


def truncated(path):
    path.write_bytes(path.read_bytes()[:-10])


def change(name, function):
    """A damage to weights: one tensor changed."""

    def damage(path):
        state = safetensors.torch.load_file(path)
        state[name] = function(state[name])
        safetensors.torch.save_file(state, path)

    return damage
