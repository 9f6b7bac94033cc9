"""Where an ECP5's multipliers (MULT18X18D) and block RAMs (DP16KD) lie on its die."""

from dataclasses import dataclass

Site = tuple[int, int, str]
"""Row, column and nextpnr's name."""

BLOCK_RAMS = range(4)
"""The block RAMs of a row at the same columns."""


@dataclass(frozen=True)
class Sites:
    """Rows of DSP slices and rows of block RAMs across the die.

    At the same columns, each row has either two slices, which are a DSP block, or four block RAMs.

    The two multipliers of a slice share the settings of their output registers, which nextpnr
    writes for the even half (`MULT18_0`, `MULT18_4`) only. So an odd half (`MULT18_1`, `MULT18_5`)
    is not used alone.

    Source
        nextpnr, ecp5/bitstream.cc; Project Trellis' database of the ECP5
    """

    dsp_rows: tuple[int, ...]
    block_ram_rows: tuple[int, ...]
    columns: tuple[int, ...]
    """First column of each block of two slices, and of each four block RAMs."""

    EVEN = (0, 4)
    """Columns of the even halves, relative to the first; each also names its site."""

    def dsp_blocks(self) -> list[tuple[tuple[Site, Site], ...]]:
        """The two slices of each DSP block, from left to right; they share clocks and resets."""
        return [
            tuple(
                (self._multiplier(row, first, even), self._multiplier(row, first, even + 1))
                for even in self.EVEN
            )
            for first in self.columns
            for row in self.dsp_rows
        ]

    def slices(self) -> list[tuple[Site, Site]]:
        """The even and the odd half of each slice, from left to right."""
        return [
            (self._multiplier(row, first, even), self._multiplier(row, first, even + 1))
            for first in self.columns
            for even in self.EVEN
            for row in self.dsp_rows
        ]

    def block_ram_chain(self) -> list[str]:
        """nextpnr's names of the block RAMs: a row from left to right, the next one back."""
        names = []
        for number, row in enumerate(self.block_ram_rows):
            across = [_block_ram(row, first, n) for first in self.columns for n in BLOCK_RAMS]
            names += reversed(across) if number % 2 else across
        return names

    def block_ram_columns(self) -> list[str]:
        """nextpnr's names of the block RAMs, from left to right."""
        return [
            _block_ram(row, first, n)
            for first in self.columns
            for n in BLOCK_RAMS
            for row in self.block_ram_rows
        ]

    def _multiplier(self, row: int, first: int, n: int) -> Site:
        return row, first + n, f"X{first + n}/Y{row}/MULT18_{n}"


def _block_ram(row: int, first: int, n: int) -> str:
    return f"X{first + 2 * n}/Y{row}/EBR{n}"


SMALL = Sites(dsp_rows=(13,), block_ram_rows=(25, 37), columns=(4, 13, 22, 33, 42, 51, 60))
SITES = {
    "LFE5U-12F": SMALL,
    "LFE5U-25F": SMALL,
    "LFE5U-45F": Sites(
        dsp_rows=(22, 46),
        block_ram_rows=(10, 34, 58),
        columns=(4, 13, 22, 31, 42, 51, 60, 69, 78),
    ),
    "LFE5U-85F": Sites(
        dsp_rows=(10, 34, 58),
        block_ram_rows=(22, 46, 70, 82),
        columns=(4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114),
    ),
}
