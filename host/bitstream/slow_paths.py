"""What limits the clock of a routed design: its slowest path, and the ends of other slow paths.

The source is nextpnr's detailed timing report; a build keeps this extract as a small file.
"""

import json
import re
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, NamedTuple, Self

from msgspec import Meta

from ..reading import read_record

NEAR = 0.9
"""A path is slow if its delay is at least this part of the slowest path's."""

MOST_ENDS = 12

ADDED = re.compile(
    r"\$\d+|_(TRELLIS_FF|LUT4|CCU2C|PFUMX|L6MUX21)(_.*|$)|\$[A-Z].*|(\.\d+)+(?=\$[A-Z]|$)"
)
"""What synthesis appends to the name of a register or a memory."""


Count = Annotated[int, Meta(ge=0, le=10**6)]
Nanoseconds = Annotated[float, Meta(ge=0, le=10**6)]


class Hop(NamedTuple):
    """One step of a path, along a wire or through a cell: the tile where it ends, and its delay."""

    column: Count
    row: Count
    nanoseconds: Nanoseconds
    is_wire: bool


class CriticalPath(NamedTuple):
    """The slowest path between two registers on one clock."""

    start: str
    end: str
    hops: tuple[Hop, ...]

    @property
    def nanoseconds(self) -> float:
        """Total delay."""
        return sum(hop.nanoseconds for hop in self.hops)

    @property
    def wire_nanoseconds(self) -> float:
        """Delay of the wires alone."""
        return sum(hop.nanoseconds for hop in self.hops if hop.is_wire)


class SlowEnd(NamedTuple):
    """A register or memory, by its name in the design, at which slow paths end."""

    name: str
    paths: Count
    nanoseconds: Nanoseconds  # of the slowest


@dataclass(frozen=True)
class SlowPaths:
    """The slowest path, and the ends of all slow paths, slowest first."""

    path: CriticalPath | None
    ends: tuple[SlowEnd, ...]

    @classmethod
    def of(cls, report: dict) -> Self:
        """Extracts them from nextpnr's report; a report without details yields no ends."""
        return cls(_critical_path(report), _slow_ends(report))

    def write(self, path: Path) -> None:
        """Writes the file; a path becomes its two ends and a list of hops, a hop a list of four."""
        path.write_text(json.dumps(asdict(self), separators=(",", ":")) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads the file; raises FirelineError if it is missing or damaged."""
        return read_record(path, cls, "slow paths", "build again")


def _critical_path(report: dict) -> CriticalPath | None:
    """The slowest path that starts and ends on the same clock."""
    inside = [path for path in report.get("critical_paths", ()) if path["from"] == path["to"]]
    if not inside:
        return None
    hops = max((path["path"] for path in inside), key=lambda hops: sum(h["delay"] for h in hops))
    return CriticalPath(
        start=hops[0]["from"]["cell"],
        end=hops[-1]["to"]["cell"],
        hops=tuple(
            Hop(column, row, round(hop["delay"], 3), hop["type"] == "routing")
            for hop in hops
            for column, row in [hop["to"]["loc"]]
        ),
    )


def _slow_ends(report: dict) -> tuple[SlowEnd, ...]:
    """The ends of slow paths that start and end on the same clock."""
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
