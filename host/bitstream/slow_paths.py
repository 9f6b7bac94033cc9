"""What limits the clock of a routed design: its slowest path, and where paths like it end.

It is read from nextpnr's detailed report, and is kept as a small file of its own.
"""

import json
import re
from collections import defaultdict
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Self

from ...errors import FirelineError

NEAR = 0.9
"""Paths that take this part of the slowest one's time, or more, are slow, too."""

MOST_ENDS = 12

ADDED = re.compile(
    r"\$\d+|_(TRELLIS_FF|LUT4|CCU2C|PFUMX|L6MUX21)(_.*|$)|\$[A-Z].*|(\.\d+)+(?=\$[A-Z]|$)"
)
"""What synthesis adds to the name of a register or a memory."""


@dataclass(frozen=True)
class Hop:
    """A step of a path: the tile where it ends, how long it takes, along wires or through cells."""

    column: int
    row: int
    nanoseconds: float
    is_wire: bool


@dataclass(frozen=True)
class CriticalPath:
    """The slowest path from one cell to another."""

    start: str
    end: str
    hops: tuple[Hop, ...]

    @property
    def nanoseconds(self) -> float:
        """How long it takes in all."""
        return sum(hop.nanoseconds for hop in self.hops)

    @property
    def wire_nanoseconds(self) -> float:
        """How much of that is spent along wires."""
        return sum(hop.nanoseconds for hop in self.hops if hop.is_wire)


@dataclass(frozen=True)
class SlowEnd:
    """A register or memory, by its name in the design, in which slow paths end."""

    name: str
    paths: int
    nanoseconds: float  # of the slowest


@dataclass(frozen=True)
class SlowPaths:
    """The slowest path, and the ends of those that take nearly as long, slowest first."""

    path: CriticalPath | None
    ends: tuple[SlowEnd, ...]

    @classmethod
    def of(cls, report: dict) -> Self:
        """From the contents of nextpnr's report; ends only if that is detailed."""
        return cls(_critical_path(report), _slow_ends(report))

    def write(self, path: Path) -> None:
        """Writes the file: a path is its two ends and a list of hops, a hop a list of four."""
        data = {
            "path": self.path and list(astuple(self.path)),
            "ends": [astuple(end) for end in self.ends],
        }
        path.write_text(json.dumps(data, separators=(",", ":")) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads the file; FirelineError if it is missing or damaged."""
        try:
            data = json.loads(path.read_text())
            ends = (SlowEnd(str(name), int(paths), float(ns)) for name, paths, ns in data["ends"])
            return cls(_read_path(data["path"]), tuple(ends))
        except FileNotFoundError:
            raise FirelineError(f"{path}: no such file; build again") from None
        except (OSError, ValueError, TypeError, KeyError):
            raise FirelineError(f"{path} is not a build's slow paths: build again") from None


def _read_path(data: list | None) -> CriticalPath | None:
    """A critical path, as it is written."""
    if data is None:
        return None
    start, end, hops = data
    return CriticalPath(
        str(start),
        str(end),
        tuple(Hop(int(x), int(y), float(ns), bool(is_wire)) for x, y, ns, is_wire in hops),
    )


def _critical_path(report: dict) -> CriticalPath | None:
    """The slowest path of a clock, from register to register."""
    inside = [path for path in report.get("critical_paths", ()) if path["from"] == path["to"]]
    if not inside:
        return None
    hops = max((path["path"] for path in inside), key=lambda hops: sum(h["delay"] for h in hops))
    return CriticalPath(
        start=hops[0]["from"]["cell"],
        end=hops[-1]["to"]["cell"],
        hops=tuple(
            Hop(*hop["to"]["loc"], round(hop["delay"], 3), hop["type"] == "routing") for hop in hops
        ),
    )


def _slow_ends(report: dict) -> tuple[SlowEnd, ...]:
    """Where the slowest paths end that begin and end on one clock."""
    delays = [
        (ADDED.sub("", end["cell"]), max(end["delay"]))
        for net in report.get("detailed_net_timings", ())
        for end in net["endpoints"]
        if end["event"] == net["event"]
    ]
    slowest = max((delay for _, delay in delays), default=0)
    found = defaultdict(list)
    for name, delay in delays:
        if delay >= NEAR * slowest:
            found[name].append(delay)
    ends = [SlowEnd(name, len(each), round(max(each), 2)) for name, each in found.items()]
    return tuple(sorted(ends, key=lambda end: (-end.nanoseconds, end.name))[:MOST_ENDS])
