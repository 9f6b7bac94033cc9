"""The script that checks for everything that pip cannot install."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import ROOT

SCRIPT = ROOT / "prerequisites.sh"
TOOLS = ("python3", "c++", "make", "perl")


def check(folder: Path, without: str = "") -> subprocess.CompletedProcess:
    """Runs the script with all tools on PATH except `without`."""
    for name in TOOLS:
        if name == without:
            continue
        target = sys.executable if name == "python3" else shutil.which(name)
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec "{target}" "$@"\n')
        script.chmod(0o755)
    return subprocess.run(
        [shutil.which("sh"), SCRIPT], env={"PATH": str(folder)}, capture_output=True, text=True
    )


def test_with_all_tools_it_prints_the_python(tmp_path):
    done = check(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'python3'}\n"


@pytest.mark.parametrize(
    "tool, package", [("python3", "python3"), ("c++", "g++"), ("make", "make"), ("perl", "perl")]
)
def test_a_missing_tool_is_named_with_its_package(tmp_path, tool, package):
    done = check(tmp_path, without=tool)
    assert done.returncode == 2
    assert done.stderr.endswith(f"is missing; on Debian: apt install {package}\n")
    assert done.stderr.count("\n") == 1 and not done.stdout


def test_a_python_that_is_too_old_is_refused(tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = check(tmp_path, without="python3")
    assert done.returncode == 2 and "Python 3.11, 3.12 or 3.13 is missing" in done.stderr


def test_make_stops_before_it_installs_anything(tmp_path):
    root = SCRIPT.parent
    for name in ("Makefile", "constraints.txt", "prerequisites.sh", "pyproject.toml"):
        shutil.copy(root / name, tmp_path)
    tools = tmp_path / "bin"
    tools.mkdir()
    check(tools, without="perl")
    for name in ("sh", "touch", "rm"):
        os.symlink(shutil.which(name), tools / name)
    done = subprocess.run(
        [shutil.which("make"), "test"],
        cwd=tmp_path,
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "perl is missing; on Debian: apt install perl" in done.stderr
    assert not (tmp_path / ".venv").exists()
