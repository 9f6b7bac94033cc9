"""Jobs in processes of this machine."""

import os
import subprocess
import sys
from contextlib import suppress

import pytest
from fireline.errors import FirelineError
from fireline.host.exploration.processes import in_processes
from support import worker_jobs as jobs
from support.paths import TESTS
from support.worker_jobs import wait_for, waiting_process


def gone(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return False
    return True


def test_every_job_has_one_result(tmp_path):
    results = list(in_processes(jobs.square, range(5), (tmp_path,), workers=2))
    assert sorted(results) == [(n, n**2) for n in range(5)]
    assert all(jobs.starts(tmp_path, n) == 1 for n in range(5))
    assert list(in_processes(jobs.square, [], (tmp_path,), workers=2)) == []


def test_a_jobs_error_is_its_result(tmp_path):
    results = dict(in_processes(jobs.odd_fails, range(3), (tmp_path,), workers=1))
    assert (results[0], results[2]) == (0, 2)
    assert isinstance(results[1], FirelineError) and "1 is odd" in str(results[1])


def test_a_process_that_dies_is_reported(tmp_path):
    with pytest.raises(FirelineError, match="status -9, perhaps because memory ran out; use fewer"):
        list(in_processes(jobs.dies, [1], (tmp_path,), workers=1))


def test_closing_ends_running_jobs(tmp_path):
    results = in_processes(jobs.first_waits, range(2), (tmp_path,), workers=2)
    assert next(results) == (1, 1)
    pid = waiting_process(tmp_path)
    results.close()
    assert gone(pid)


def test_a_process_ends_with_its_parent(tmp_path):
    code = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(TESTS)!r})
from support import worker_jobs
from fireline.host.exploration.processes import in_processes
list(in_processes(worker_jobs.first_waits, [0], (Path({str(tmp_path)!r}),), 1))
"""
    parent = subprocess.Popen([sys.executable, "-c", code])
    pid = waiting_process(tmp_path)
    parent.kill()
    parent.wait()
    wait_for(lambda: gone(pid))
