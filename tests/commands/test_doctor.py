"""`fireline doctor` on a computer that is ready, and on one that is not."""

import json

import pytest
from fireline.host.doctor.check import Check, State
from fireline.host.doctor.udev import install_commands
from fireline.host.tools import KNOWN
from support.boards.fake_computer import FTDI, FakeComputer
from support.command_line import Result, complains


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A board is plugged in; the tools are as they are here, all good."""
    fake = FakeComputer(tmp_path)
    fake.plug_in()
    monkeypatch.setattr("fireline.host.doctor.computer.Computer", fake.computer)
    monkeypatch.setattr(
        "fireline.host.doctor.examine.tool_checks",
        lambda tools: [Check("yosys", State.GOOD, "0.70")],
    )
    return fake


def test_a_computer_that_is_ready(fake):
    result = Result("doctor", "--json", "-")
    assert result.status == 0 and "ready to build and to load" in result.stderr
    told = json.loads(result.stdout)
    assert told["ready"] and {check["state"] for check in told["checks"]} == {"good"}
    board = next(check for check in told["checks"] if check["name"] == "board")
    assert "v3.0.8" in board["found"]


def test_names_are_no_markup(fake):
    fake.plug_in(product="[red]ULX3S[/nope]", number=6, port="ttyUSB3")
    assert "[red]ULX3S[/nope], USB" in Result("doctor").stdout


def test_the_fpga_of_a_board(fake, monkeypatch):
    asked = []

    def absent(board, tools):
        asked.append(board.name)
        return Check("FPGA", State.MISSING, "no answer", "plug it in")

    monkeypatch.setattr("fireline.host.doctor.examine.jtag_check", absent)
    result = Result("doctor", "--board", "ulx3s-45f")
    assert result.status == 1 and "FPGA: no answer: plug it in" in result.stdout
    assert asked == ["ulx3s-45f"]
    fake.forbidden = {"ttyUSB0"}
    result = Result("doctor", "--board", "ulx3s-45f")
    assert "not asked before the rest is mended" in result.stdout and len(asked) == 1
    assert "ulx3s-85f" in complains("doctor", "--board", "nix")


def test_what_could_be_better_stops_nothing(fake):
    fake.plug_in(latency=16, number=9, port="ttyUSB7")
    result = Result("doctor")
    assert result.status == 0 and "latency: ttyUSB7: 16 ms: " in result.stdout


def test_what_is_missing_is_told_once_with_lines_to_copy(fake):
    fake.forbidden = {"usb/001/004"}
    fake.run(300, "ModemManager")
    result = Result("doctor")
    assert result.status == 1 and "ready to build, but not yet to load" in result.stdout
    lines = "".join(f"  {line}\n" for line in install_commands([FTDI]))
    assert result.stdout.count(lines) == 1
    assert "ModemManager: it runs: " in result.stdout


def test_a_tool_that_building_needs(fake, monkeypatch):
    missing = [Check("yosys", State.MISSING, "not found", "install it")]
    monkeypatch.setattr("fireline.host.doctor.examine.tool_checks", lambda tools: missing)
    result = Result("doctor")
    assert result.status == 1 and "not ready yet" in result.stdout


def test_this_computer_has_the_tools_that_make_bitstreams():
    result = Result("doctor", "--json", "-")
    states = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
    for tool in KNOWN.keys() - {"openFPGALoader"}:
        assert states[tool]["state"] == "good", states[tool]
    assert result.status in (0, 1) and "openFPGALoader" in states
