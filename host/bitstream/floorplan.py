"""The floorplan of a routed design: what each tile of the die holds.

Its source is nextpnr-ecp5's text configuration, which lists the settings of every tile; a build
keeps it as a small file of its own.
"""

import json
import re
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, NamedTuple, Self

from msgspec import Meta

from ..reading import read_record

DIES = {
    "LFE5U-12F": (73, 51),
    "LFE5U-25F": (73, 51),
    "LFE5U-45F": (91, 72),
    "LFE5U-85F": (127, 96),
}
"""Columns and rows of tiles, as Project Trellis numbers them."""

PLACE = re.compile(r"\.tile(?:_group)? (?:\w+_)?R(\d+)C(\d+):")
"""The header of a tile, or of a group of tiles that form block RAMs or multipliers."""

KINDS = (
    ("luts", re.compile(r"word: SLICE[A-D]\.K[01]\.INIT ")),
    ("ffs", re.compile(r"enum: SLICE[A-D]\.REG[01]\.SD ")),
    ("wires", re.compile(r"arc: ")),
    ("block_rams", re.compile(r"enum: EBR\d\.MODE DP16KD")),
    ("multipliers", re.compile(r"enum: MULT18_\d\.MODE MULT18X18D")),
)
"""Each resource, and the configuration lines of which there is one for each resource in use."""

NAMES = tuple(name for name, _ in KINDS)


Count = Annotated[int, Meta(ge=0, le=10**6)]
Side = Annotated[int, Meta(ge=1, le=1000)]  # of a die, in tiles


class Tile(NamedTuple):
    """Resources in use at one column and row of the die; `wires` counts closed switches."""

    column: Count
    row: Count
    luts: Count
    ffs: Count
    wires: Count
    block_rams: Count
    multipliers: Count


@dataclass(frozen=True)
class Floorplan:
    """A die of `columns` x `rows` tiles; empty tiles are left out."""

    columns: Side
    rows: Side
    tiles: tuple[Tile, ...]

    @classmethod
    def of(cls, device: str, configuration: Path) -> Self:
        """Reads nextpnr's text configuration for a device."""
        found: dict[tuple[int, int], dict[str, int]] = defaultdict(lambda: dict.fromkeys(NAMES, 0))
        with configuration.open() as lines:
            tile = None
            for line in lines:
                if line.startswith("."):
                    place = PLACE.match(line)
                    tile = found[int(place[2]), int(place[1])] if place else None
                elif tile is not None:
                    for name, pattern in KINDS:
                        if pattern.match(line):
                            tile[name] += 1
                            break
        tiles = tuple(Tile(*place, **counts) for place, counts in sorted(found.items()))
        return cls(*DIES[device], tiles)

    def write(self, path: Path) -> None:
        """Writes the file; a tile becomes a list of seven integers."""
        path.write_text(json.dumps(asdict(self), separators=(",", ":")) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads the file; raises FirelineError if it is missing or damaged."""
        return read_record(path, cls, "floorplan", "build again")
