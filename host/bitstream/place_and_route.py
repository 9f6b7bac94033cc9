"""From a netlist to a device configuration, by nextpnr: the best of several seeds."""

import json
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ...hw.boards.board import Board
from .steps import Progress, Step, Stopped, run_steps
from .synthesis import NETLIST, PINS

TIMING_WEIGHT = 40
"""Weight of slow paths in placement. With nextpnr's default of 10, some wires span the die when
most block RAMs are in use, and the clock is a fifth slower."""

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
"""Seconds that a router may always spend without a report."""


@dataclass(frozen=True)
class Router:
    """One of nextpnr's routers, and the rule by which a seed is stopped.

    ``report`` matches the router's progress lines, with the number of completed ``steps`` and the
    number of wires that are in conflict or not routed yet. A seed is stopped after ``patience``
    reports without a new minimum; below ``few`` wires, after ``patience_for_few``, because the
    router usually resolves so few. It is also stopped when no report comes for `SILENCE` seconds or
    the time reported so far, whichever is longer.
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
"""router1 routes each wire the short way, the most critical first, and reroutes the wires in its
way; on a nearly full die it may not terminate. router2 raises the cost of contested resources until
one of the wires takes a detour; it terminates more often, but some wires become half a clock cycle
too long."""


def place_and_route(
    board: Board, nextpnr: str, scratch: Path, seeds: int, workers: int | None, progress: Progress
) -> tuple[int, dict]:
    """Makes a configuration from the netlist and the pins; returns the best seed and its report.

    The files are `configuration_of` and `placed_netlist_of` the seed.

    ``workers`` seeds run at a time, by default as many as there are processors. A seed whose router
    makes no progress is stopped; if no seed is routed, all are tried again with the next router.
    Raises FirelineError if no router routes any seed.
    """
    workers = workers or len(os.sched_getaffinity(0))
    for router in ROUTERS:
        steps = {seed: _step(board, nextpnr, seed, router) for seed in range(1, seeds + 1)}
        errors = run_steps(steps.values(), scratch, workers, progress)
        routed = [seed for seed, step in steps.items() if step.name not in errors]
        reports = {s: json.loads((scratch / f"seed{s}.json").read_text()) for s in routed}
        if reports:
            best = max(reports, key=lambda seed: fmax(reports[seed], 1.0))
            return best, reports[best]
        if not any(isinstance(error, Stopped) for error in errors.values()):
            break
    raise next(iter(errors.values()))


def configuration_of(seed: int) -> str:
    """The name of a placement's configuration, as text."""
    return f"seed{seed}.config"


def placed_netlist_of(seed: int) -> str:
    """The name of a placement's netlist, in which each cell has its site."""
    return f"seed{seed}.placed.json"


def fmax(report: dict, clock_mhz: float) -> float:
    """The fastest clock in MHz for the core, if the other clocks keep their ratios to it.

    ``clock_mhz`` is the core's clock in this design.
    """
    clocks = report["fmax"].values()
    return clock_mhz * min(clock["achieved"] / clock["constraint"] for clock in clocks)


class Listener:
    """Follows a router's output line by line; returns why to stop it, or None."""

    def __init__(self, router: Router):
        self.router = router
        self.done = self.left = 0  # steps and wires in the last report
        self.least, self.vain = math.inf, 0  # the minimum, and reports since it
        self.first = self.last = 0.0  # seconds of the first and the last report

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
            found = f"the last minimum was {self.vain} reports ago"
        elif self.left and seconds - self.last > max(SILENCE, self.last - self.first):
            found = f"it has reported nothing for {(seconds - self.last) / 60:.0f} minutes"
        else:
            return None
        return (
            f"after {self.done:,} {router.steps} {router.name} has {self.left:,} wires left in "
            f"conflict, and {found}; try more --seeds, a smaller --array or a larger board"
        )


def _step(board: Board, nextpnr: str, seed: int, router: Router) -> Step:
    command = (
        *(nextpnr, DEVICES[board.device], "--package", board.package, "--speed", board.speed_grade),
        *("--json", NETLIST, "--lpf", PINS, "--seed", str(seed), *OPTIONS),
        *("--router", router.name),
        *("--textcfg", configuration_of(seed), "--report", f"seed{seed}.json"),
        *("--write", placed_netlist_of(seed)),
    )
    return Step(f"nextpnr-{router.name}-{seed}", command, Listener(router))
