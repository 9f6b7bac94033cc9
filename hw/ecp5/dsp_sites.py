"""Where an ECP5's multipliers (MULT18X18D) lie on its die."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MultiplierSites:
    """Rows of multipliers across the die, in fours at the same columns in each row."""

    rows: tuple[int, ...]
    fours: tuple[int, ...]

    OFFSETS = (0, 1, 4, 5)
    """Columns of the multipliers of a four, relative to the first; each also names its site."""

    def columns(self) -> list[list[tuple[int, int, str]]]:
        """Row, column and nextpnr name of each site; a list for each column, from left to right."""
        return [
            [(row, first + n, f"X{first + n}/Y{row}/MULT18_{n}") for row in self.rows]
            for first in self.fours
            for n in self.OFFSETS
        ]


SMALL = MultiplierSites(rows=(13,), fours=(4, 13, 22, 33, 42, 51, 60))
SITES = {
    "LFE5U-12F": SMALL,
    "LFE5U-25F": SMALL,
    "LFE5U-45F": MultiplierSites(rows=(22, 46), fours=(4, 13, 22, 31, 42, 51, 60, 69, 78)),
    "LFE5U-85F": MultiplierSites(
        rows=(10, 34, 58), fours=(4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114)
    ),
}
