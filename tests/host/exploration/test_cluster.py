"""Jobs on the workers of a Dask cluster."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from fireline.errors import FirelineError
from fireline.host.exploration.cluster import on_dask
from support import worker_jobs as jobs
from support.worker_jobs import wait_for, waiting_process


@contextmanager
def dask(kind: str, *arguments: str):
    """A scheduler or a worker in a process of its own; yields the process."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def scheduling(file: Path):
    options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    return dask("scheduler", *options, "--scheduler-file", str(file))


def read_address(file: Path) -> str:
    wait_for(lambda: file.exists() and file.read_text().rstrip().endswith("}"))
    return json.loads(file.read_text())["address"]


@pytest.fixture
def scheduler(tmp_path):
    """The address of a scheduler without workers."""
    file = tmp_path / "scheduler.json"
    with scheduling(file):
        yield read_address(file)


def worker(address: str, threads: int = 1):
    return dask("worker", address, "--nthreads", str(threads), "--no-nanny", "--no-dashboard")


def test_a_dask_worker_that_dies_loses_nothing(tmp_path, scheduler):
    def kill():
        os.kill(waiting_process(tmp_path), signal.SIGKILL)

    with worker(scheduler), worker(scheduler):
        threading.Thread(target=kill).start()
        results = list(on_dask(jobs.first_waits, range(4), (tmp_path,), scheduler, print))
    assert sorted(results) == [(n, n**2) for n in range(4)]
    assert jobs.starts(tmp_path, 0) == 2


def test_all_dask_workers_die_and_another_comes(tmp_path, scheduler):
    results, found = on_dask(jobs.first_waits, range(3), (tmp_path,), scheduler, print), []
    waiting = threading.Thread(target=lambda: found.extend(results))
    with worker(scheduler):
        waiting.start()
        waiting_process(tmp_path)
    with worker(scheduler):
        waiting.join(60)
    assert sorted(found) == [(n, n**2) for n in range(3)]


def test_errors_on_dask(tmp_path, scheduler):
    with worker(scheduler):
        results = dict(on_dask(jobs.odd_fails, range(2), (tmp_path,), scheduler, print))
        assert results[0] == 0 and isinstance(results[1], FirelineError)
        with pytest.raises(FirelineError, match="Dask: job 1; the same command resumes"):
            list(on_dask(jobs.broken, [1], (tmp_path,), scheduler, print))


def test_the_dask_scheduler_dies(tmp_path):
    file = tmp_path / "scheduler.json"
    with scheduling(file) as process:
        address = read_address(file)
        with worker(address, threads=2):
            results = on_dask(jobs.first_waits, range(2), (tmp_path,), address, print)
            assert next(results) == (1, 1)
            process.kill()
            with pytest.raises(FirelineError, match=r"same command resumes"):
                list(results)


def test_no_dask_worker_comes(tmp_path, scheduler):
    messages = []
    with pytest.raises(FirelineError, match=r"no Dask worker in 0.5 s; start `dask worker`"):
        list(on_dask(jobs.square, [1], (tmp_path,), scheduler, messages.append, patience=0.5))
    assert messages == ["there is no Dask worker; waiting 0.5 s for one"]


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x", "127.0.0.1:x", ""])
def test_no_dask_scheduler(tmp_path, address):
    with pytest.raises(FirelineError, match=r"no answer .*; start `dask scheduler`"):
        list(on_dask(jobs.square, [1], (tmp_path,), address, print))
