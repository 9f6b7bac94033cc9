"""The standard streams, whatever the terminal can show and whoever has closed its end."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

READER_GONE = 141
"""Exit status, as a shell gives it to a program that SIGPIPE ends."""


def show_anything() -> None:
    """Lets stdout and stderr print "?" for characters that their encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # it is None if it was closed from the start
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]


@contextmanager
def until_reader_goes() -> Iterator[None]:
    """Ends the command silently when nobody reads its output any more, as behind `| head`."""
    try:
        yield
    except BrokenPipeError:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())  # Python flushes it at the end
        raise click.exceptions.Exit(READER_GONE) from None
