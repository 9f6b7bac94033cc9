"""Jobs for other processes; each start of a job leaves a file in the folder ``log``."""

import os
import signal
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from fireline.errors import FirelineError


def note(log: Path, job: object) -> None:
    """Records a start of the job."""
    (log / f"{job}-{uuid.uuid4()}").touch()


def starts(log: Path, job: object) -> int:
    """How often the job has started."""
    return len(list(log.glob(f"{job}-*")))


def wait_for(condition: Callable[[], object]) -> None:
    """Waits until the condition holds, at most a minute."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def waiting_process(log: Path) -> int:
    """The process in which ``first_waits`` waits."""
    file = log / "pid"
    wait_for(lambda: file.exists() and file.read_text())
    return int(file.read_text())


def square(job: int, log: Path) -> int:
    note(log, job)
    return job**2


def odd_fails(job: int, log: Path) -> int:
    note(log, job)
    if job % 2:
        raise FirelineError(f"{job} is odd; use even ones")
    return job


def first_waits(job: int, log: Path) -> int:
    """At its first start, job 0 waits until it is killed."""
    note(log, job)
    if job == 0 and starts(log, job) == 1:
        (log / "pid").write_text(str(os.getpid()))
        time.sleep(600)
    return job**2


def dies(job: int, log: Path) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return job


def broken(job: int, log: Path) -> int:
    raise ZeroDivisionError(f"job {job}")
