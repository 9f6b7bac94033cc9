"""How a signal ends a command: with the programs that it started, and nothing half-written."""

import os
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType

ENDING = signal.SIGTERM, signal.SIGHUP  # another program ends this one; its terminal is closed

_ended: dict[int, str] = {}
"""The processes that a signal has ended, with the time of their start."""


def clean_up_when_ended() -> None:
    """Lets the signals that end a program raise an exception, so that what is open cleans up.

    The exit status is 128 plus the signal's number, as a shell gives it.
    """
    for number in ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:  # `nohup` ignores one of them
            signal.signal(number, _end)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def end_the_rest() -> None:
    """Kills what was asked to end and has not; other packages leave their programs running."""
    for process, began in _ended.items():
        if (now := _status(process)) and now[1] == began:
            _send(process, signal.SIGKILL)


def _end(number: int, frame: FrameType | None) -> None:
    warnings.simplefilter("ignore")  # Amaranth warns about hardware that it could not use
    for process, began in _started():
        _ended[process] = began
        _send(process, signal.SIGTERM)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def _started() -> Iterator[tuple[int, str]]:
    """What this process started and what that started, parents first; none where no /proc is."""
    numbers = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    statuses = {number: status for number in numbers if (status := _status(number))}
    found = [os.getpid()]
    for process in found:  # grows
        for child, (parent, began) in statuses.items():
            if parent == process:
                found.append(child)
                yield child, began


def _status(process: int) -> tuple[int, str] | None:
    """A process' parent and the time of its start; None if it has ended. See proc(5)."""
    with suppress(OSError):
        fields = Path("/proc", str(process), "stat").read_text(errors="replace").rpartition(")")[2]
        state, parent, *rest = fields.split()
        return None if state == "Z" else (int(parent), rest[17])
    return None


def _send(process: int, number: int) -> None:
    with suppress(OSError):
        os.kill(process, number)
