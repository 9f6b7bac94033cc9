"""`fireline selftest` on boards that are fake, silent, noisy, unplugged or of another kind."""

import itertools
import json
import random
import re
from contextlib import contextmanager
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from fireline.host.selftest.clocks import MOST_PPM
from fireline.host.selftest.die import WARMEST
from fireline.host.selftest.sdram import LEAST_MARGIN_NS
from fireline.host.selftest.session import ECHO_BYTES
from fireline.hw.link.protocol import Identity
from support.boards.fake_board import FakeBoard
from support.boards.fake_selftest import FakeSelfTest
from support.boards.selftest_lines import PLAN, round_of
from support.built import leave_selftest
from support.command_line import Result, complains, runs
from support.documents import blocks
from support.paths import ROOT


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    """Makes all waiting short."""
    session = "fireline.host.selftest.session"
    monkeypatch.setattr(f"{session}.SILENCE_SECONDS", 0.5)
    monkeypatch.setattr(f"{session}.NOISE_SECONDS", 1.0)


def rounds(**changed):
    return (round_of(PLAN, number, **changed) for number in itertools.count())


def options(port, folder):
    return "--board", PLAN.board.name, "--no-flash", "--port", port, "-o", folder


def flat(text: str) -> str:
    """Text of a terminal without line breaks."""
    return " ".join(text.split())


def test_a_sound_board(tmp_path):
    with FakeSelfTest(rounds()) as board:
        shown = runs("selftest", *options(board.port, tmp_path)).stdout
    assert "Everything that was tested is sound: 13 findings." in shown
    assert "ulx3s-25f at 100 MHz, pattern 0" in shown and "NOT" not in shown
    results = json.loads((tmp_path / "selftest.json").read_text())
    assert results["sound"] and results["board"] == "ulx3s-25f" and not results["simulated"]
    (run,) = results["runs"]
    assert {each["state"] for each in run["findings"]} == {"sound"}
    assert len(run["lines"]) >= 5 * len(round_of(PLAN))
    assert [echo["baud"] for echo in run["echoes"]] == [2_000_000, 3_000_000]
    page = ElementTree.fromstring((tmp_path / "selftest.html").read_text().split("\n", 1)[1])
    svg = {element.tag for element in page.iter() if element.tag.endswith("svg")}
    assert svg


def test_a_fault_is_named_and_the_status_is_1(tmp_path):
    wrong = "multipliers from=00 wrong=00000040 zero=00000040 tests=0100"
    file = tmp_path / "result.json"
    with FakeSelfTest(rounds(multipliers00=wrong)) as board:
        result = Result("selftest", *options(board.port, tmp_path / "new"), "--json", file)
    assert result.status == 1 and not result.stderr
    site = PLAN.tested_sites[6].bel
    assert f"1 of 24 always gave 0: {site}" in flat(result.stdout)
    assert "what to do:" in result.stdout and "NOT SOUND: 1 of 13 findings." in result.stdout
    assert json.loads(file.read_text()) == json.loads((tmp_path / "new/selftest.json").read_text())
    assert not json.loads(file.read_text())["sound"]


def test_echo_errors_are_named(tmp_path):
    def spoiled(received):
        return received[:-1] + bytes([received[-1] ^ 8])

    with FakeSelfTest(rounds(), echo=spoiled) as board:
        shown = Result("selftest", *options(board.port, tmp_path)).stdout
    assert "serial line, 2 Mbaud (" in shown and "serial line, 3 Mbaud (" in shown
    assert "bits change on the way" in shown
    with FakeSelfTest(rounds(), echo=None) as board:
        shown = Result("selftest", *options(board.port, tmp_path)).stdout
    assert "the board prints but does not hear" in shown


def test_a_board_that_falls_silent(tmp_path):
    with FakeSelfTest(itertools.islice(rounds(), 3)) as board:
        result = Result("selftest", *options(board.port, tmp_path))
    assert result.status == 1
    assert "it fell silent" in result.stdout and "ESP32" in result.stdout


def test_a_board_that_restarts(tmp_path):
    numbers = itertools.chain(range(3), itertools.count())
    with FakeSelfTest(round_of(PLAN, number) for number in numbers) as board:
        result = Result("selftest", *options(board.port, tmp_path))
    assert result.status == 1 and "it restarted" in result.stdout


def test_a_line_that_never_comes_does_not_stop_the_rest(tmp_path):
    with FakeSelfTest(rounds(size="", die="")) as board:
        result = Result("selftest", *options(board.port, tmp_path))
    assert result.status == 0
    assert "11 findings; not tested: 2" in result.stdout


def test_broken_lines_among_sound_ones(tmp_path):
    def broken():
        for each in rounds():
            yield each | {"noise": "!\xff\x00die code=9e activity=19 *00\r\n"}

    with FakeSelfTest(broken()) as board:
        result = Result("selftest", *options(board.port, tmp_path))
    assert result.status == 1 and "lines arrived broken" in flat(result.stdout)


def test_a_port_that_is_silent(tmp_path):
    with FakeSelfTest(iter([])) as board:
        said = complains("selftest", *options(board.port, tmp_path))
    assert "says nothing" in said and "without a PLL" in said and "load it again" in said


def test_a_port_with_noise(tmp_path):
    draw = random.Random(1)
    noise = ({"noise": f"!{draw.randbytes(40).decode('latin-1')}"} for _ in itertools.count())
    with FakeSelfTest(noise) as board:
        assert "is not the self-test" in complains("selftest", *options(board.port, tmp_path))


def test_a_port_with_other_text(tmp_path):
    text = ({"boot": "!rst:0x1 (POWERON_RESET),boot:0x13\r\n"} for _ in itertools.count())
    with FakeSelfTest(text) as board:
        said = complains("selftest", *options(board.port, tmp_path))
    assert "such as 'rst:0x1" in said


def test_a_board_that_runs_an_accelerator(tmp_path):
    with FakeBoard(Identity(network=0x1234, width=8, height=8, channels=3, classes=3)) as board:
        said = complains("selftest", *options(board.port, tmp_path))
    assert "runs the accelerator of network 00001234" in said and "--no-flash" in said


def test_a_board_that_is_unplugged(tmp_path):
    with FakeSelfTest(rounds(), unplug_after=20) as board:
        assert "went away" in complains("selftest", *options(board.port, tmp_path))


def test_a_port_that_another_program_uses(tmp_path):
    from fireline.host.link.text_port import TextPort

    with FakeSelfTest(rounds()) as board, TextPort(board.port, 1_000_000):
        said = complains("selftest", *options(board.port, tmp_path))
    assert "another program uses it" in said
    assert "no such port" in complains("selftest", *options("/dev/ttyNone", tmp_path))


@pytest.mark.parametrize(
    "first, said",
    [
        ("version=2 board=ulx3s-25f mhz=100 pattern=0", "version 2 of the self-test"),
        ("version=1 board=ulx3s-85f mhz=100 pattern=0", "of ulx3s-85f, not of ulx3s-25f"),
        ("version=1 board=ulx3s-25f mhz=100 pattern=7", "no pattern 7"),
        ("version=1 board=ulx3s-25f mhz=999 pattern=0", "cannot make 999 MHz"),
    ],
)
def test_another_self_test(tmp_path, first, said):
    with FakeSelfTest(rounds(selftest=f"selftest {first} round=0000")) as board:
        assert said in complains("selftest", *options(board.port, tmp_path))


@pytest.mark.slow
def test_the_simulated_board_says_what_the_guide_shows(tmp_path):
    command = "selftest", "--board", "ulx3s-25f", "--port", "simulated", "-o", tmp_path
    printed = [line.split() for line in runs(*command).stdout.splitlines()]
    shown, *_ = blocks(ROOT / "docs" / "bring-up.md", "text")
    changing = "it ran for", "lines, none broken", "passes:", "──"
    for line in shown.splitlines():
        assert any(word in line for word in changing) or line.split() in printed, line


def test_a_simulated_board_is_named_so(tmp_path, monkeypatch):
    @contextmanager
    def simulated(plan, tools):
        with FakeSelfTest(rounds()) as board:
            yield board.port

    monkeypatch.setattr("fireline.sim.selftest.simulated_selftest", simulated)
    options = "--board", PLAN.board.name, "--port", "simulated", "-o", tmp_path
    shown = runs("selftest", *options).stdout
    assert "to report this board" not in shown
    assert json.loads((tmp_path / "selftest.json").read_text())["simulated"]
    page = (tmp_path / "selftest.html").read_text()
    assert "<h1>Self-test of a simulated ulx3s-25f</h1>" in page and "To report" not in page


def test_what_to_do_about_a_part_that_was_not_tested(tmp_path):
    open_eyes = {
        name: re.sub("bad=.*", f"bad={','.join(['0000'] * 8)}", text)
        for name, text in round_of(PLAN).items()
        if name.startswith("eye")
    }
    with FakeSelfTest(rounds(**open_eyes)) as board:
        result = runs("selftest", *options(board.port, tmp_path))
    assert "SDRAM, phase (ulx3s-25f at 100 MHz" in flat(result.stdout)
    assert "what to do: a real eye closes somewhere" in flat(result.stdout)


def test_the_limits_are_those_of_the_guide():
    guide = (ROOT / "docs" / "bring-up.md").read_text().split("## The self-test\n")[1]
    limits = f"{MOST_PPM} ppm", f"up to {LEAST_MARGIN_NS:g} ns", f"at most {WARMEST} °C"
    for limit in (*limits, f"{ECHO_BYTES:,} bytes"):
        assert limit in guide, limit


def test_results_need_a_folder(tmp_path):
    (tmp_path / "file").touch()
    said = complains("selftest", *options("/dev/ttyNone", tmp_path / "file"))
    assert "is not a folder" in said  # before the port is opened


def test_wrong_arguments():
    assert "no board 'x'" in complains("selftest", "--board", "x")
    assert "--board" in complains("selftest")
    command = ("selftest", "--board", "ulx3s-25f")
    assert "cannot make 999 MHz" in complains(*command, "--clock", 999)
    assert "--build-only" in complains(*command, "--build-only", "--no-flash")
    assert "leave out --no-flash" in complains(*command, "--no-flash", "--port", "simulated")


def test_no_board_is_noticed_before_anything_is_built(tmp_path, monkeypatch):
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [])
    command = ("selftest", "--board", "ulx3s-25f", "-o", tmp_path / "new")
    assert "plug the board in" in complains(*command)
    assert not (tmp_path / "new").exists()


@pytest.fixture
def loader(fake_tools, tmp_path):
    """A stand-in for openFPGALoader; returns the file with its arguments, a line for each call."""
    calls = tmp_path / "calls"
    fake_tools.install("openFPGALoader", f'echo "$@" >> {calls}')
    return calls


def test_a_build_in_the_folder_is_loaded_and_read(tmp_path, loader):
    leave_selftest(PLAN, tmp_path / "ulx3s-25f-100mhz-pattern0")
    command = ("selftest", "--board", "ulx3s-25f", "--clock", 100, "--tools", "path")
    command += ("-o", tmp_path)
    with FakeSelfTest(rounds()) as board:
        shown = runs(*command, "--port", board.port).stdout
    assert "is built already" in shown
    (call,) = loader.read_text().splitlines()
    assert call.endswith("ulx3s-25f-100mhz-pattern0/fireline.bit")
    results = json.loads((tmp_path / "selftest.json").read_text())
    assert results["runs"][0]["build"]["clock_mhz"] == 100.0


def test_the_results_of_the_clocks_before_a_failure_are_kept(tmp_path, loader):
    leave_selftest(PLAN, tmp_path / "ulx3s-25f-100mhz-pattern0")
    leave_selftest(replace(PLAN, pattern=1), tmp_path / "ulx3s-25f-100mhz-pattern1")
    command = ("selftest", "--board", "ulx3s-25f", "--clock", 100, "--clock", 100)
    command += ("--tools", "path", "-o", tmp_path)
    with FakeSelfTest(rounds()) as board:
        result = Result(*command, "--port", board.port)
    assert result.status == 2 and "pattern 0, not the one" in flat(result.stderr)
    assert "Everything that was tested is sound" in result.stdout
    assert len(json.loads((tmp_path / "selftest.json").read_text())["runs"]) == 1


def test_a_board_that_still_runs_another_clock(tmp_path, loader):
    leave_selftest(PLAN, tmp_path / "ulx3s-25f-100mhz-pattern0")
    command = ("selftest", "--board", "ulx3s-25f", "--clock", 100, "--tools", "path")
    command += ("-o", tmp_path)
    first = "selftest version=1 board=ulx3s-25f mhz=125 pattern=0 round=0000"
    with FakeSelfTest(rounds(selftest=first)) as board:
        assert "at 125 MHz, pattern 0, not the one" in complains(*command, "--port", board.port)


def test_a_self_test_that_misses_its_clock_is_not_loaded(tmp_path, loader):
    folder = tmp_path / "ulx3s-25f-100mhz-pattern0"
    leave_selftest(PLAN, folder)
    summary = json.loads((folder / "build.json").read_text()) | {"fmax_mhz": 95.5}
    (folder / "build.json").write_text(json.dumps(summary))
    command = ("selftest", "--board", "ulx3s-25f", "--clock", 100, "--tools", "path")
    command += ("-o", tmp_path)
    assert "test at --clock 95 or below" in complains(*command, "--port", "/dev/null")
    assert not loader.exists()
