"""The steps of a build: runs its tools in parallel, and stops them."""

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import FirelineError

POLL_SECONDS = 0.1

Progress = Callable[[str, str], None]
"""Called with the name of a step and each line of its output."""


@dataclass(frozen=True)
class Step:
    """A command; its output goes to ``<name>.log`` in the folder where it runs.

    ``verdict`` is called with each output line and the seconds since the start, and with "" several
    times a second. If it returns a reason, the step is stopped.
    """

    name: str
    command: tuple[str, ...]
    verdict: Callable[[str, float], str | None] = lambda line, seconds: None


class Stopped(FirelineError):
    """A step was stopped because its verdict gave a reason."""


def run_steps(
    steps: Iterable[Step], folder: Path, workers: int, progress: Progress
) -> Mapping[str, FirelineError]:
    """Runs the steps, ``workers`` at a time; returns the errors of the failed ones, by name.

    An exception, an interrupt included, stops the steps that are running.
    """
    waiting, errors = list(steps), {}
    running: list[_Run] = []
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                running.append(_Run(waiting.pop(0), folder))
            time.sleep(POLL_SECONDS)
            for run in list(running):
                ended = run.process.poll() is not None
                run.report(progress)
                if ended:
                    running.remove(run)
                    run.log.close()
                    if run.process.returncode:
                        errors[run.step.name] = run.error()
    finally:
        for run in running:
            run.stop()
    return errors


def run_step(step: Step, folder: Path, progress: Progress) -> None:
    """Runs one step; raises FirelineError if it fails."""
    for error in run_steps([step], folder, 1, progress).values():
        raise error


class _Run:
    """A step that is running."""

    def __init__(self, step: Step, folder: Path):
        self.step = step
        self.path = folder / f"{step.name}.log"
        with self.path.open("wb") as output:
            self.process = subprocess.Popen(
                step.command,
                cwd=folder,
                env=os.environ | {"TMPDIR": str(folder)},  # what is ended leaves files there
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.began = time.monotonic()
        self.log = self.path.open(errors="replace")
        self.partial = ""
        self.reason: str | None = None  # why it was stopped

    def report(self, progress: Progress) -> None:
        """Passes on the log's new lines; stops the step if its verdict gives a reason."""
        *lines, self.partial = (self.partial + self.log.read()).split("\n")
        for line in lines:
            progress(self.step.name, line)
        for line in (*lines, ""):
            self.reason = self.reason or self.step.verdict(line, time.monotonic() - self.began)
        if self.reason:
            self.process.kill()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()

    def error(self) -> FirelineError:
        if self.reason:
            return Stopped(f"{self.step.name} was stopped: {self.reason}")
        lines = [line.strip() for line in self.path.read_text(errors="replace").split("\n")]
        lines = [line for line in lines if line]
        errors = [line for line in lines if line.startswith("ERROR")]
        reason = (errors or lines or [f"exit status {self.process.returncode}"])[-1]
        return FirelineError(f"{self.step.name} failed: {reason}")
