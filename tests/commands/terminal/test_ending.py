"""A signal ends a command with all that it started, whatever that is, and nothing half-written."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fireline.hw.boards import find_board

# A background process of a shell script ignores SIGINT by default.
MAIN = (
    "from signal import *; signal(SIGINT, default_int_handler); "
    "from fireline.cli import main; main()"
)
WAITING = """
sleep 300 & echo $! >> {pids}
{trap}
echo $$ >> {pids}
echo half > half-written
wait; wait
"""
"""A tool that starts another program and waits for it."""


def is_running(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def pids(tmp_path, fake_tools):
    """Installs Yosys and Verilator that wait; returns the file with their processes."""
    file = tmp_path / "pids"
    for name in ("nextpnr-ecp5", "ecppack", "ecpunpack"):
        fake_tools.install(name)
    for name in ("yosys", "verilator"):
        fake_tools.install(name, WAITING.format(pids=file, trap=""))
    return file


def ended(pids: Path, tmp_path: Path, number: int, *arguments) -> int:
    """Starts a command, ends it when its tool waits, and returns its status."""
    (tmp_path / "results").mkdir()
    (tmp_path / "temporary").mkdir()
    (tmp_path / "home").mkdir()
    places = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "temporary")}
    command = [sys.executable, "-c", MAIN, *map(str, arguments), "--tools", "path"]
    with subprocess.Popen(
        command,
        cwd=tmp_path / "results",
        env=os.environ | places,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not pids.exists() or len(pids.read_text().split()) < 2:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.1)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    for each in map(int, pids.read_text().split()):
        for _ in range(100):
            if not is_running(each):
                break
            time.sleep(0.05)
        assert not is_running(each)
    assert "Traceback" not in errors and "Unused" not in errors
    assert list((tmp_path / "results").iterdir()) == []
    assert [path for path in (tmp_path / "temporary").rglob("*") if path.is_file()] == []
    return process.returncode


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_build_ends_with_what_its_tools_started(pids, net, tmp_path, number, status):
    board = find_board("ulx3s-25f")
    options = ("--board", board.name, "--array", "4x4", "-o", "out")
    assert ended(pids, tmp_path, number, "build", net, *options) == status


def test_a_simulated_board_ends_with_what_its_compiler_started(pids, net, picture, tmp_path):
    command = ("classify", picture, "--port", "simulated", "--net", net, "--array", "4x4")
    assert ended(pids, tmp_path, signal.SIGHUP, *command) == 129


def test_a_compiler_that_does_not_want_to_end(pids, fake_tools, net, picture, tmp_path):
    fake_tools.install("verilator", WAITING.format(pids=pids, trap="trap '' TERM"))
    assert ended(pids, tmp_path, signal.SIGTERM, "simulate", net, picture, "--array", "4x4") == 143
