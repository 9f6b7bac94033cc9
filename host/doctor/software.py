"""Checks of what is installed: Python's packages, the tools, and room to run them."""

import os
import platform
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from importlib import metadata

from packaging.requirements import Requirement

from ...errors import FirelineError
from ..bitstream.flash import INSTALL
from ..tools import KNOWN, LACKS, VERSION, Tool, Tools, ask
from .check import Check, State
from .computer import Computer, read

SIMULATOR = "verilator"

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
        install = (shlex.join([sys.executable, "-m", "pip", "install", wanted]),)
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


def tool_checks(tools: Tools) -> list[Check]:
    """The tools that make bitstreams and load them: each is started once."""
    return [_tool_check(name, tools) for name in KNOWN if name != SIMULATOR]


def _tool_check(name: str, tools: Tools) -> Check:
    try:
        tool = tools.find(name)
    except FirelineError as error:
        return Check(name, State.MISSING, str(error), "install it", (_install(name),))
    try:
        printed = ask(tool.path, KNOWN[name].version_option, SECONDS)
    except OSError:
        printed = ""
    if library := LACKS.search(printed):
        found = f"{tool.path} lacks {library[1]}"
        advice = "install libftdi1, which brings it, on Debian and Ubuntu by"
        return Check(name, State.WRONG, found, advice, (INSTALL,))
    if not VERSION.search(printed):
        what = "prints no version" if printed.strip() else "does not start"
        return Check(name, State.WRONG, f"{tool.path} {what}", "install it again")
    return _found(tool)


def _found(tool: Tool) -> Check:
    """A tool that works: its version, and why it is not the one on PATH or should not be."""
    found = f"{tool}: {tool.path}"
    if not tool.note:
        return Check(tool.name, State.GOOD, found)
    if tool.from_pip:
        return Check(tool.name, State.GOOD, f"{found}, because {tool.note}")
    return Check(tool.name, State.BETTER, found, f"{tool.note}; leave out --tools path")


def _install(name: str) -> str:
    return shlex.join([sys.executable, "-m", "pip", "install", KNOWN[name].package])


def simulation_checks(tools: Tools, compilers: Mapping[str, str]) -> list[Check]:
    """What only simulations need: Verilator, and programs by the names of their Debian packages."""
    only = "only simulations need it"
    try:
        checks = [_found(tools.find(SIMULATOR))]
    except FirelineError as error:
        install = _install(SIMULATOR)
        checks = [Check(SIMULATOR, State.NOT_NEEDED, str(error), only, (install,))]
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
