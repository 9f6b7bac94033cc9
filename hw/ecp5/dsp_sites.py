"""Where an ECP5's multipliers (MULT18X18D) lie on its die."""

from dataclasses import dataclass

Site = tuple[int, int, str]
"""Row, column and nextpnr's name."""


@dataclass(frozen=True)
class MultiplierSites:
    """Rows of DSP slices across the die, two slices at the same columns in each row.

    The two multipliers of a slice share the settings of their output registers, which nextpnr
    writes for the even half (`MULT18_0`, `MULT18_4`) only. So an odd half (`MULT18_1`, `MULT18_5`)
    is not used alone.

    Source
        nextpnr, ecp5/bitstream.cc; Project Trellis' database of the ECP5
    """

    rows: tuple[int, ...]
    fours: tuple[int, ...]
    """First columns of two slices each."""

    EVEN = (0, 4)
    """Columns of the even halves, relative to the first; each also names its site."""

    def blocks(self) -> list[tuple[tuple[Site, Site], ...]]:
        """The two slices of each DSP block, from left to right; they share clocks and resets."""
        return [
            tuple(
                (self._site(row, first, even), self._site(row, first, even + 1))
                for even in self.EVEN
            )
            for first in self.fours
            for row in self.rows
        ]

    def slices(self) -> list[tuple[Site, Site]]:
        """The even and the odd half of each slice, from left to right."""
        return [
            (self._site(row, first, even), self._site(row, first, even + 1))
            for first in self.fours
            for even in self.EVEN
            for row in self.rows
        ]

    def _site(self, row: int, first: int, n: int) -> Site:
        return row, first + n, f"X{first + n}/Y{row}/MULT18_{n}"


SMALL = MultiplierSites(rows=(13,), fours=(4, 13, 22, 33, 42, 51, 60))
SITES = {
    "LFE5U-12F": SMALL,
    "LFE5U-25F": SMALL,
    "LFE5U-45F": MultiplierSites(rows=(22, 46), fours=(4, 13, 22, 31, 42, 51, 60, 69, 78)),
    "LFE5U-85F": MultiplierSites(
        rows=(10, 34, 58), fours=(4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114)
    ),
}
