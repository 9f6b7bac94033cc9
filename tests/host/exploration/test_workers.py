"""Jobs on other processes: each is answered once, whoever dies."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from fireline.errors import FirelineError
from fireline.host.exploration.workers import in_processes, on_dask
from support import worker_jobs as jobs
from support.paths import TESTS


def wait_for(condition) -> None:
    """Until it holds; a minute is more than anything here takes."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def waiting_process(log: Path) -> int:
    """The process in which `first_waits` waits."""
    file = log / "pid"
    wait_for(lambda: file.exists() and file.read_text())
    return int(file.read_text())


def gone(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return False
    return True


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


def test_every_job_is_answered_once(tmp_path):
    answers = list(in_processes(jobs.square, range(5), (tmp_path,), workers=2))
    assert sorted(answers) == [(n, n**2) for n in range(5)]
    assert all(jobs.starts(tmp_path, n) == 1 for n in range(5))
    assert list(in_processes(jobs.square, [], (tmp_path,), workers=2)) == []


def test_bad_input_of_a_job_is_its_answer(tmp_path):
    answers = dict(in_processes(jobs.odd_fails, range(3), (tmp_path,), workers=1))
    assert (answers[0], answers[2]) == (0, 2)
    assert isinstance(answers[1], FirelineError) and "1 is odd" in str(answers[1])


def test_a_process_that_dies_is_told(tmp_path):
    with pytest.raises(FirelineError, match="status -9, perhaps for want of memory; use fewer"):
        list(in_processes(jobs.suicide, [1], (tmp_path,), workers=1))


def test_closing_ends_what_runs(tmp_path):
    answers = in_processes(jobs.first_waits, range(2), (tmp_path,), workers=2)
    assert next(answers) == (1, 1)
    pid = waiting_process(tmp_path)
    answers.close()
    assert gone(pid)


def test_a_process_ends_with_its_parent(tmp_path):
    code = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(TESTS)!r})
from support import worker_jobs
from fireline.host.workers import in_processes
list(in_processes(worker_jobs.first_waits, [0], (Path({str(tmp_path)!r}),), 1))
"""
    parent = subprocess.Popen([sys.executable, "-c", code])
    pid = waiting_process(tmp_path)
    parent.kill()
    parent.wait()
    wait_for(lambda: gone(pid))


def test_a_dask_worker_that_dies_loses_nothing(tmp_path, scheduler):
    def kill():
        os.kill(waiting_process(tmp_path), signal.SIGKILL)

    with worker(scheduler), worker(scheduler):
        threading.Thread(target=kill).start()
        answers = list(on_dask(jobs.first_waits, range(4), (tmp_path,), scheduler, print))
    assert sorted(answers) == [(n, n**2) for n in range(4)]
    assert jobs.starts(tmp_path, 0) == 2


def test_all_dask_workers_die_and_another_comes(tmp_path, scheduler):
    answers, found = on_dask(jobs.first_waits, range(3), (tmp_path,), scheduler, print), []
    waiting = threading.Thread(target=lambda: found.extend(answers))
    with worker(scheduler):
        waiting.start()
        waiting_process(tmp_path)
    with worker(scheduler):
        waiting.join(60)
    assert sorted(found) == [(n, n**2) for n in range(3)]


def test_errors_on_dask(tmp_path, scheduler):
    with worker(scheduler):
        answers = dict(on_dask(jobs.odd_fails, range(2), (tmp_path,), scheduler, print))
        assert answers[0] == 0 and isinstance(answers[1], FirelineError)
        with pytest.raises(FirelineError, match="Dask: job 1; the same command goes on"):
            list(on_dask(jobs.broken, [1], (tmp_path,), scheduler, print))


def test_the_dask_scheduler_dies(tmp_path):
    file = tmp_path / "scheduler.json"
    with scheduling(file) as process:
        address = read_address(file)
        with worker(address, threads=2):
            answers = on_dask(jobs.first_waits, range(2), (tmp_path,), address, print)
            assert next(answers) == (1, 1)
            process.kill()
            with pytest.raises(FirelineError, match=r"same command goes on"):
                list(answers)


def test_no_dask_worker_comes(tmp_path, scheduler):
    told = []
    with pytest.raises(FirelineError, match=r"no Dask worker in 0.5 s; start `dask worker`"):
        list(on_dask(jobs.square, [1], (tmp_path,), scheduler, told.append, patience=0.5))
    assert told == ["there is no Dask worker; waiting 0.5 s for one"]


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x", "127.0.0.1:x", ""])
def test_no_dask_scheduler(tmp_path, address):
    with pytest.raises(FirelineError, match=r"no answer .*; start `dask scheduler`"):
        list(on_dask(jobs.square, [1], (tmp_path,), address, print))
