"""From a netlist to the configuration of a device, by nextpnr, with the best of several seeds."""

import json
import os
import re
from pathlib import Path

from ..hw.boards import Board
from .tools import Progress, Step, Stopped, run_steps

TIMING_WEIGHT = 40
"""What slow paths count in placement. With nextpnr's own 10, some wires become as long as the die
is wide where most block RAMs are in use, and the clock is slower by a fifth."""

ROUTER = "router1"
"""Routes each wire the short way, the most critical first, and anew what is in its way. nextpnr's
"router2", which makes what two want dearer until one of them goes round about, leaves some wires
half a clock cycle longer than need be."""

OPTIONS = (
    *("--placer-heap-timingweight", str(TIMING_WEIGHT)),
    *("--router", ROUTER),
    "--timing-allow-fail",
    "--detailed-timing-report",
)

DEVICES = {
    "LFE5U-12F": "--12k",
    "LFE5U-25F": "--25k",
    "LFE5U-45F": "--45k",
    "LFE5U-85F": "--85k",
}

PROGRESS = re.compile(r"Info: +(\d+) \|[^|]*\|[^|]*\| +(\d+)\|")
"""What the router says after each thousand wires: how many it has routed, and how many are left."""

PATIENCE = 30_000
"""After so many wires without fewer left than ever before, there will never be none."""


def place_and_route(
    board: Board, nextpnr: str, scratch: Path, seeds: int, workers: int | None, progress: Progress
) -> tuple[int, dict]:
    """Makes ``seed<N>.config`` of ``top.json`` and ``top.lpf``; the best N, and nextpnr's report.

    ``workers`` seeds run at a time, as many as there are processors when not given. A seed whose
    router no longer gains is given up; as many others follow, once, if that leaves none. Raises
    FirelineError when no seed ends in a configuration.
    """
    workers = workers or len(os.sched_getaffinity(0))
    for first in (1, seeds + 1):
        steps = {seed: _step(board, nextpnr, seed) for seed in range(first, first + seeds)}
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


class Router:
    """Listens to the router, line by line; says when to give it up, and why."""

    def __init__(self):
        self.least, self.least_at = None, 0

    def __call__(self, line: str) -> str | None:
        match = PROGRESS.match(line)
        if not match:
            return None
        routed, left = map(int, match.groups())
        if self.least is None or left < self.least:
            self.least, self.least_at = left, routed
        if routed - self.least_at < PATIENCE:
            return None
        return (
            f"after {routed:,} wires were routed, many of them anew, {left:,} are left, and in the "
            f"last {PATIENCE:,} they became no fewer; try more --seeds, a smaller --array or a "
            "larger board"
        )


def _step(board: Board, nextpnr: str, seed: int) -> Step:
    command = (
        *(nextpnr, DEVICES[board.device], "--package", board.package, "--speed", board.speed_grade),
        *("--json", "top.json", "--lpf", "top.lpf", "--seed", str(seed), *OPTIONS),
        *("--textcfg", f"seed{seed}.config", "--report", f"seed{seed}.json"),
    )
    return Step(f"nextpnr-{seed}", command, Router())
