"""Explorations: on this machine, on a cluster, interrupted, failing, with invalid options."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from distributed import LocalCluster
from fireline.errors import FirelineError
from fireline.host.exploration import processes
from support.command_line import Result, complains, runs

INTERRUPTIBLE = "from signal import *; signal(SIGINT, default_int_handler); "

EXPLORE = ("explore", "--epochs", 1, "--batch", 4)


def test_explore(arch, pictures, tmp_path):
    common = (*EXPLORE, "--arch", arch, "--data", pictures, "-o", tmp_path / "x")
    first = ("--squeeze-ratio", "0.25,0.5", "--array", "4x4,8x8", "--workers", 2)
    shown = runs(*common, *first, "--json", tmp_path / "result.json").stdout
    points = json.loads((tmp_path / "result.json").read_text())["points"]
    assert [(each["network"], each["array"]) for each in points] == [
        (f"tiny-sr{ratio}", array) for ratio in (0.25, 0.5) for array in ("4x4", "8x8")
    ]
    assert (
        "0 of 2 networks are already measured" in shown
        and "tiny: 1 epochs on 9 pictures (*: on the Pareto front)" in shown
    )
    files = {file.name for file in (tmp_path / "x").iterdir()}
    assert {"results.csv", "tradeoffs.svg", "tradeoffs.png"} < files
    again = runs(*common, *first).stdout
    assert "2 of 2 networks are already measured" in again
    with LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as cluster:
        address = cluster.scheduler_address
        second = ("--bypass", "none,complex", "--weight-bits", "4,8", "--scheduler", address)
        runs(*common, *second, "--json", tmp_path / "result.json")
    points = json.loads((tmp_path / "result.json").read_text())["points"]
    assert len(points) == 4 + 4
    assert {each["network"] for each in points} >= {"tiny", "tiny-complex"}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--squeeze-ratio", ""], "Invalid value"),
        (["--squeeze-ratio", "0.5,0"], "0.0 is not in the range 0<x<=1"),
        (["--squeeze-ratio", "0.5,0.5"], "list each value once"),
        (["--share-3x3", "1"], "1.0 is not in the range 0<x<1"),
        (["--bypass", "simple,both"], "'both' is not one of"),
        (["--array", "8x8,9x9"], "'9x9' is not an array"),
        (["--weight-bits", "6"], "'6' is not one of"),
        (["--epochs", "0"], "0 is not in the range"),
        (["--pictures", "1000"], "1000 pictures to train on; use 2 to 9"),
        (["--workers", "0"], "0 is not in the range"),
        (["--scheduler", "tcp://127.0.0.1:9"], "start `dask scheduler`"),
        (["--data", "nowhere"], "nowhere: no such folder"),
    ],
)
def test_invalid_options(options, text, arch, pictures, tmp_path):
    given = ("explore", "--arch", arch, "--data", pictures, "-o", tmp_path / "x")
    assert text in complains(*given, *options)
    assert not list(tmp_path.glob("x/*.csv"))


def test_an_interrupted_exploration_resumes(arch, pictures, tmp_path):
    folder, temporary = tmp_path / "x", tmp_path / "temporary"
    temporary.mkdir()
    given = (*EXPLORE, "--arch", arch, "--data", pictures, "-o", folder)
    given = [*map(str, given), "--squeeze-ratio", "0.25,0.5,0.75", "--workers", "1"]
    process = subprocess.Popen(
        # A background process of a shell script ignores SIGINT by default.
        [sys.executable, "-c", INTERRUPTIBLE + "from fireline.cli import main; main()", *given],
        env=os.environ | {"TMPDIR": str(temporary), "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not list(folder.glob("points/*")) and process.poll() is None:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, message = process.communicate()
    assert (process.returncode, message.strip()) == (130, "fireline: interrupted")
    assert not list(temporary.iterdir())
    points = {file: file.stat().st_mtime_ns for file in folder.glob("points/*")}
    assert 1 <= len(points) < 3
    assert f"{len(points)} of 3 networks are already measured" in runs(*given).stdout
    assert all(file.stat().st_mtime_ns == time for file, time in points.items())
    assert len(list(folder.glob("points/*"))) == 3


def test_a_failing_network_does_not_stop_the_others(arch, pictures, tmp_path, monkeypatch):
    def first_fails(function, jobs, shared, workers):
        yield 1, FirelineError("training: the loss is nan")
        yield 0, function(jobs[0], *shared)

    monkeypatch.setattr(processes, "in_processes", first_fails)
    given = (*EXPLORE, "--arch", arch, "--data", pictures, "-o", tmp_path / "x")
    result = Result(*given, "--bypass", "none,complex")
    assert result.status == 2
    assert "failed: tiny-complex: training: the loss is nan" in result.stderr
    assert [file.name for file in (tmp_path / "x/points").iterdir()] == ["tiny_8x8_4bit.json"]
