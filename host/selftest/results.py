"""The results of the self-test: findings and all lines, as a file that users send back."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from .finding import Finding, State
from .session import BAUD, Recording
from .verdict import is_sound, judge

RESULTS, PAGE = "selftest.json", "selftest.html"
FORMAT = 1


@dataclass(frozen=True)
class Run:
    """One bitstream's recording and what it says. `build` is the build's summary, if known."""

    recording: Recording
    findings: tuple[Finding, ...]
    build: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, recording: Recording, build: Mapping[str, Any] | None = None) -> "Run":
        """Judges a recording."""
        return cls(recording, tuple(judge(recording)), build)

    @property
    def title(self) -> str:
        plan = self.recording.plan
        return f"{plan.board.name} at {plan.core_mhz:g} MHz, pattern {plan.pattern}"

    def to_json(self) -> dict[str, Any]:
        """Findings, echoes and all lines."""
        plan, reader = self.recording.plan, self.recording.reader
        return {
            "mhz": plan.core_mhz,
            "pattern": plan.pattern,
            "build": self.build,
            "findings": [each.to_json() for each in self.findings],
            "echoes": [each.to_json() for each in self.recording.echoes],
            "baud": BAUD,
            "broken": reader.broken,
            "foreign": reader.foreign,
            "refused": reader.refused,
            "lines": reader.lines,
        }


def to_json(board: str, runs: Sequence[Run], simulated: bool = False) -> dict[str, Any]:
    """The content of the file."""
    return {
        "format": FORMAT,
        "fireline": metadata.version("fireline"),
        "computer": platform.platform(),
        "board": board,
        "simulated": simulated,
        "sound": all(is_sound(run.findings) for run in runs),
        "runs": [run.to_json() for run in runs],
    }


def to_bytes(results: Mapping[str, Any]) -> bytes:
    """The file itself."""
    return (json.dumps(results, indent=1) + "\n").encode()


def conclusion(runs: Sequence[Run]) -> str:
    """One sentence about all runs."""
    counts = {
        state: sum(each.state is state for run in runs for each in run.findings) for state in State
    }
    wrong, missing = counts[State.NOT_SOUND], counts[State.NOT_TESTED]
    untested = f"; not tested: {missing}" if missing else ""
    if wrong:
        return f"NOT SOUND: {wrong} of {sum(counts.values())} findings{untested}."
    return f"Everything that was tested is sound: {counts[State.SOUND]} findings{untested}."
