"""From a netlist to the configuration of a device, by nextpnr, with the best of several seeds."""

import json
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ...hw.boards.board import Board
from .tools import Progress, Step, Stopped, run_steps

TIMING_WEIGHT = 40
"""What slow paths count in placement. With nextpnr's own 10, some wires become as long as the die
is wide where most block RAMs are in use, and the clock is slower by a fifth."""

OPTIONS = (
    *("--placer-heap-timingweight", str(TIMING_WEIGHT)),
    "--timing-allow-fail",
    "--detailed-timing-report",
)

DEVICES = {
    "LFE5U-12F": "--12k",
    "LFE5U-25F": "--25k",
    "LFE5U-45F": "--45k",
    "LFE5U-85F": "--85k",
}


SILENCE = 300
"""Seconds that a router may take for a report, if it has not been at work for longer."""


@dataclass(frozen=True)
class Router:
    """One of nextpnr's, and when there is no hope that it ends.

    ``report`` is what it says now and then: how many ``steps`` are done, and how many wires are in
    conflict or have no way yet. It is given up after ``patience`` reports without fewer left than
    ever before; less than ``few`` may take ``patience_for_few``, for most often they are settled.
    So it is if the next report takes as long as all those before, and ``SILENCE``.
    """

    name: str
    steps: str
    report: re.Pattern
    patience: int
    few: int = 0
    patience_for_few: int = 0


ROUTERS = (
    Router(
        "router1",
        steps="wires",
        report=re.compile(r"Info: +(\d+) \|[^|]*\|[^|]*\| +(\d+)\|"),
        patience=3,
    ),
    Router(
        "router2",
        steps="rounds",
        report=re.compile(r".*\biter=(\d+) .*\boverused=(\d+)"),
        patience=12,
        few=100,
        patience_for_few=200,
    ),
)
"""The first routes each wire the short way, the most critical ones first, and anew what is in its
way; where much of the die is in use it may not end. The other makes what two want dearer until one
of them goes round about: it ends more often, with some wires half a clock cycle too long."""


def place_and_route(
    board: Board, nextpnr: str, scratch: Path, seeds: int, workers: int | None, progress: Progress
) -> tuple[int, dict]:
    """Makes ``seed<N>.config`` of ``top.json`` and ``top.lpf``; the best N, and nextpnr's report.

    ``workers`` seeds run at a time, as many as there are processors when not given. A seed whose
    router no longer gains is given up; if that leaves none, all are tried with the other router.
    Raises FirelineError when no seed ends in a configuration.
    """
    workers = workers or len(os.sched_getaffinity(0))
    for router in ROUTERS:
        steps = {seed: _step(board, nextpnr, seed, router) for seed in range(1, seeds + 1)}
        errors = run_steps(steps.values(), scratch, workers, progress)
        routed = [seed for seed, step in steps.items() if step.name not in errors]
        reports = {s: json.loads((scratch / f"seed{s}.json").read_text()) for s in routed}
        if reports:
            best = max(reports, key=lambda seed: fmax(reports[seed]))
            return best, reports[best]
        if not any(isinstance(error, Stopped) for error in errors.values()):
            break
    raise next(iter(errors.values()))


def fmax(report: dict) -> float:
    """The clock that is possible, in MHz: the core's is the only one with logic on it."""
    return min(clock["achieved"] for clock in report["fmax"].values())


class Listener:
    """Listens to a router, line by line; says when to give it up, and why."""

    def __init__(self, router: Router):
        self.router = router
        self.done = self.left = 0  # as last reported
        self.least, self.vain = math.inf, 0  # reports since the least
        self.first = self.last = 0.0  # when reports came

    def __call__(self, line: str, seconds: float) -> str | None:
        match, router = self.router.report.match(line), self.router
        if match:
            self.done, self.left = map(int, match.groups())
            self.first, self.last = self.first or seconds, seconds
            self.vain += 1
            if self.left < self.least:
                self.least, self.vain = self.left, 0
        few = self.left < router.few
        if self.vain >= (router.patience_for_few if few else router.patience):
            found = "they have become no fewer for long"
        elif self.left and seconds - self.last > max(SILENCE, self.last - self.first):
            found = f"it has come no further for {(seconds - self.last) / 60:.0f} minutes"
        else:
            return None
        return (
            f"after {self.done:,} {router.steps} {router.name} has {self.left:,} wires left that "
            f"are in each other's way, and {found}; try more --seeds, a smaller --array or a "
            "larger board"
        )


def _step(board: Board, nextpnr: str, seed: int, router: Router) -> Step:
    command = (
        *(nextpnr, DEVICES[board.device], "--package", board.package, "--speed", board.speed_grade),
        *("--json", "top.json", "--lpf", "top.lpf", "--seed", str(seed), *OPTIONS),
        *("--router", router.name),
        *("--textcfg", f"seed{seed}.config", "--report", f"seed{seed}.json"),
    )
    return Step(f"nextpnr-{router.name}-{seed}", command, Listener(router))
