"""The computer that is looked at; tests lay another one."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serial.tools import list_ports


def _allowed(file: Path) -> bool:
    return os.access(file, os.R_OK | os.W_OK)


def _group_of(file: Path) -> str:
    """The group's name; its number if this system knows no name, as in many containers."""
    try:
        return file.group()
    except KeyError:
        return str(file.stat().st_gid)


@dataclass(frozen=True)
class Computer:
    """Where the checks look.

    `root` has the folders `sys`, `proc`, `dev` and `etc` of Linux. On other systems they are
    absent, and the checks say so.
    """

    root: Path = Path("/")
    may_use: Callable[[Path], bool] = _allowed
    """Whether this user may read and write a device's file."""
    group_of: Callable[[Path], str] = _group_of
    """The group that owns a file."""
    serial_ports: Callable[[], Iterable[Any]] = list_ports.comports
    """The serial ports as pyserial lists them, for systems without `/sys`."""

    def processes(self) -> Iterator[tuple[int, str, Path]]:
        """Number, name and folder of each process that runs."""
        for folder in sorted((self.root / "proc").glob("[0-9]*")):
            yield int(folder.name), read_name(folder / "comm"), folder

    def users_of(self, device: str) -> tuple[list[str], bool]:
        """The processes that have a device's file open, such as /dev/ttyUSB0.

        The second value says whether the files of every process could be looked at; those of other
        users are hidden from all but root.
        """
        users, complete = [], True
        for number, name, folder in self.processes():
            try:
                files = list((folder / "fd").iterdir())
                if any(os.readlink(file) == device for file in files):
                    users.append(f"{name} (process {number})")
            except PermissionError:
                complete = False
            except OSError:  # it has ended meanwhile
                continue
        return users, complete


def read(file: Path) -> str:
    """A file's text without spaces around it; empty if it cannot be read."""
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""


def read_name(file: Path) -> str:
    """As `read`, for what a device or a program calls itself: without what a terminal obeys."""
    return "".join(each if each.isprintable() else "?" for each in read(file))
