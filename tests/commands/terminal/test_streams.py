"""Output to terminals that cannot show it, to pipes that close, and to nowhere."""

import os
import subprocess
import sys

import pytest

MAIN = "from fireline.cli import main; main()"
SAYS = r"""
from fireline.commands.common import Output
from fireline.errors import FirelineError
from fireline.cli import main

@main.command()
def show():
    output = Output(None)
    output.say("caf\u00e9 \u00d7 \u2192 \u4f60 \udce9")
    table = output.table("\u00d7", "<\u4f60")
    table.add_row("caf\u00e9")
    output.show(table)
    raise FirelineError("no \u4f60")

main()
"""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_an_encoding_lacks_is_replaced(encoding):
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    command = [sys.executable, "-c", SAYS, "show"]
    done = subprocess.run(command, env=environment, capture_output=True)
    assert done.returncode == 2 and b"Traceback" not in done.stderr
    text = "caf\u00e9 \u00d7 \u2192 \u4f60 \\udce9\n".encode(encoding, "replace")
    assert done.stdout.startswith(text)
    assert done.stderr.splitlines() == ["fireline: no \u4f60".encode(encoding, "replace")]


@pytest.mark.parametrize("arguments", [["boards"], ["--help"], ["build", "--help"]])
def test_a_reader_that_goes_ends_the_command_silently(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", MAIN, *arguments]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_stdout_that_is_closed():
    command = f"exec '{sys.executable}' -c '{MAIN}' boards >&-"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, b"")
