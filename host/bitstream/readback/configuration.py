"""A device configuration: the text that nextpnr writes and ecpunpack reads back, as bits."""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Self

from ....errors import FirelineError
from .trellis import Bits, tile_type

NOTHING = Bits(frozenset(), frozenset())
TILE = re.compile(r"(?:\w+_)?R(\d+)C(\d+):(\w+)")


class Configuration:
    """The bits of a configuration.

    nextpnr writes the settings of groups of tiles, ecpunpack those of single tiles. Where a bit has
    several names they choose different ones, and ecpunpack leaves out what sets no bit. The bits
    are the same.

    Members
        bits: for each tile, its bits that are 1, by their names
        lines: for each tile, its settings as the text has them
        groups: for each group of tiles of nextpnr's text, the tiles and the settings
        block_rams: for each block RAM's number, its 2048 initial values of 9 bits
    """

    def __init__(self) -> None:
        self.bits: dict[str, set[str]] = defaultdict(set)
        self.lines: dict[str, list[str]] = {}
        self.groups: list[tuple[tuple[str, ...], list[str]]] = []
        self.block_rams: dict[int, list[int]] = {}
        self._places: dict[tuple[int, int], list[str]] = defaultdict(list)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads a text. Raises FirelineError if the database does not know a setting."""
        made = cls()
        for block in path.read_text().split("\n\n"):
            head, *lines = block.strip("\n").split("\n")
            kind, *names = head.split(" ")
            if kind in (".tile", ".tile_group"):
                made._set(names, lines)
                if kind == ".tile_group":
                    made.groups.append((tuple(names), lines))
                else:
                    made.lines[names[0]] = lines
            elif kind == ".bram_init":
                made.block_rams[int(names[0])] = [int(n, 16) for n in " ".join(lines).split()]
        return made

    def _set(self, tiles: list[str], lines: list[str]) -> None:
        for line in lines:
            known = False
            for tile in tiles:
                bits = _meaning(tile.partition(":")[2], line)
                if bits:
                    known = True
                    self.bits[tile] |= bits.ones
                    self.bits[tile] -= bits.zeros
            if not known:
                raise FirelineError(
                    f"Project Trellis' database does not know {line!r} of {' '.join(tiles)}: "
                    f"install nextpnr and ecppack of one version"
                )

    def choices(self, tiles: Iterable[str], name: str) -> set[str]:
        """The values of a named choice that fit the bits of a group of tiles best.

        There are several where the database gives them the same bits, and none where no tile has
        the choice.
        """
        options = [(self.bits[tile], tile_type(_kind(tile)).enums.get(name, {})) for tile in tiles]
        fits = defaultdict(int)
        for value in {value for _, values in options for value in values}:
            own = [(bits, values[value]) for bits, values in options if value in values]
            if all(_fits(bits, meaning) for bits, meaning in own):
                fits[value] = sum(len(ones) + len(zeros) for _, (ones, zeros) in own)
        return {value for value, size in fits.items() if size == max(fits.values())}

    def number(self, tiles: Iterable[str], name: str) -> int:
        """A named number of a group of tiles."""
        total = 0
        for tile in tiles:
            for place, meaning in enumerate(tile_type(_kind(tile)).words.get(name, [])):
                if any(meaning) and _fits(self.bits[tile], meaning):
                    total |= 1 << place
        return total

    def is_driven(self, tiles: Iterable[str], wire: str) -> bool:
        """Whether a switch drives the wire of a pin that is in one of the tiles.

        Such a tile has no switches. It leads the wire to a routing tile beside it, which the wire's
        name there tells: E5_JLSR1 is JLSR1 five columns to the east.
        """
        for tile in tiles:
            source = tile_type(_kind(tile)).wires.get(wire)
            if source:
                place, _, sink = source.rpartition("_")
                for other in self.at(*place_of(tile, place)):
                    for (name, _), meaning in tile_type(_kind(other)).arcs.items():
                        if name == sink and any(meaning) and _fits(self.bits[other], meaning):
                            return True
        return False

    def at(self, row: int, column: int) -> list[str]:
        """The tiles at a place that have bits."""
        if not self._places:
            for tile in self.bits:
                self._places[place_of(tile)].append(tile)
        return self._places.get((row, column), [])


def place_of(tile: str, offset: str = "") -> tuple[int, int]:
    """Row and column of a tile, or of the place at an offset such as E5 or S1W2."""
    match = TILE.fullmatch(tile)
    if not match:
        return -1, -1
    row, column = int(match[1]), int(match[2])
    for direction, text in re.findall(r"([NSEW])(\d+)", offset):
        distance = int(text) if direction in "SE" else -int(text)
        row, column = (row + distance, column) if direction in "NS" else (row, column + distance)
    return row, column


def differences(written: Configuration, found: Configuration) -> list[str]:
    """The tiles and block RAMs in which a bitstream's configuration is not what nextpnr wrote.

    A few defaults have bits, which ecpunpack does not write; they do not count.
    """
    tiles = [
        tile
        for tile in {*written.bits, *found.bits}
        if (written.bits.get(tile, set()) ^ found.bits.get(tile, set()))
        - tile_type(_kind(tile)).silent
    ]
    memories = [
        f"block RAM {number}"
        for number in {*written.block_rams, *found.block_rams}
        if written.block_rams.get(number) != found.block_rams.get(number)
    ]
    return sorted(tiles + memories)


def _kind(tile: str) -> str:
    return tile.partition(":")[2]


def _fits(bits: set[str], meaning: Bits) -> bool:
    return meaning.ones <= bits and not meaning.zeros & bits


@cache
def _meaning(kind: str, line: str) -> Bits | None:
    """The bits of a line of text in a kind of tile; None if it has no such setting."""
    what, _, rest = line.partition(": ")
    if what == "unknown":
        return Bits(frozenset([rest]), frozenset())
    known, (name, value) = tile_type(kind), rest.split(" ")
    if what == "arc":
        return known.arcs.get((name, value))
    if what == "enum":
        nothing = NOTHING if value == "_NONE_" and name in known.enums else None
        return known.enums.get(name, {}).get(value, nothing)
    if name not in known.words:
        return None
    ones: set[str] = set()
    zeros: set[str] = set()
    for bits, digit in zip(known.words[name], reversed(value), strict=True):
        ones |= bits.ones if digit == "1" else bits.zeros
        zeros |= bits.zeros if digit == "1" else bits.ones
    return Bits(frozenset(ones), frozenset(zeros))
