"""Jobs for other processes; ``log`` is a folder in which they leave a file for each start."""

import os
import signal
import time
import uuid
from pathlib import Path

from fireline.errors import FirelineError


def note(log: Path, job: object) -> None:
    (log / f"{job}-{uuid.uuid4()}").touch()


def starts(log: Path, job: object) -> int:
    return len(list(log.glob(f"{job}-*")))


def square(job: int, log: Path) -> int:
    note(log, job)
    return job**2


def odd_fails(job: int, log: Path) -> int:
    note(log, job)
    if job % 2:
        raise FirelineError(f"{job} is odd; use even ones")
    return job


def first_waits(job: int, log: Path) -> int:
    """Job 0 waits, when it is started for the first time; until it is killed."""
    note(log, job)
    if job == 0 and starts(log, job) == 1:
        (log / "pid").write_text(str(os.getpid()))
        time.sleep(600)
    return job**2


def suicide(job: int, log: Path) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return job


def broken(job: int, log: Path) -> int:
    raise ZeroDivisionError(f"job {job}")
