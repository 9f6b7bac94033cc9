"""The block RAMs in a bitstream."""

import re

from ....errors import FirelineError
from .configuration import Configuration, place_of
from .images import BLOCK_VALUES, Image, cell_image, memories_of, rows_of, without_constants

SITE = re.compile(r"X(\d+)/Y(\d+)/(EBR\d)")
NUMBER_BITS = 9
"""Of the number by which a bitstream calls a block RAM's contents."""

MODE = re.compile(r"enum: (EBR\d)\.MODE ")
TIED = {"RSTA": "INV", "RSTB": "INV"}
"""Each reset's setting when the pin is tied to 1 and inverted, that is, constant 0."""


def check_memories(written: Configuration, found: Configuration, netlist: dict) -> str:
    """Checks that no block RAM can be reset; says what it checked.

    Raises FirelineError if a reset is not tied to 0, if the global reset reaches a block RAM, or if
    their number is not that of the netlist.
    """
    blocks = _blocks(written)
    cells = sum(cell["type"] == "DP16KD" for cell in netlist["cells"].values())
    if len(blocks) != cells:
        raise FirelineError(f"{len(blocks)} block RAMs are in use, not {cells}")
    for (_, block), tiles in blocks.items():
        for pin, value in TIED.items():
            values = found.choices(tiles, f"{block}.{pin}MUX")
            if values != {value} or found.is_driven(tiles, f"J{pin}_EBR"):
                raise FirelineError(f"{pin} of the block RAM at {tiles[0]} is not tied to 0")
        if "DISABLED" not in found.choices(tiles, f"{block}.GSR"):
            raise FirelineError(f"the global reset reaches the block RAM at {tiles[0]}")
    return f"{cells} block RAMs"


def check_contents(
    written: Configuration,
    found: Configuration,
    netlist: dict,
    sites: dict[str, str],
    images: dict[str, Image],
) -> str:
    """Compares what each block RAM starts with: in the bitstream, at the block RAM's site, with the
    netlist's cell, and the cells of each memory with the rows that the design gave it. Says what it
    checked.

    Raises FirelineError if a bit differs.
    """
    blocks = _blocks(written)
    for name, cell in netlist["cells"].items():
        if cell["type"] == "DP16KD":
            match = SITE.fullmatch(sites.get(name, ""))
            block = match and ((int(match[2]), int(match[1])), match[3])
            if block not in blocks:
                raise FirelineError(f"the block RAM {name} has no place")
            backwards = found.number(blocks[block], f"{block[1]}.WID")
            number = int(f"{backwards:0{NUMBER_BITS}b}"[::-1], 2)
            values = found.block_rams.get(number, [0] * BLOCK_VALUES)
            if values != cell_image(cell):
                raise FirelineError(f"the block RAM {name} does not hold what the netlist says")
    memories = memories_of(netlist)
    for memory, copies in memories.items():
        image = images.get(memory)
        if image is None:
            raise FirelineError(f"the design has no memory {memory}")
        for slices in copies:
            if not any(
                rows_of(slices, each.width, len(each.rows)) == each.rows
                for each in (image, without_constants(image))
            ):
                raise FirelineError(f"the memory {memory} does not hold what the design says")
    words = sum(len(images[memory].rows) for memory in memories if any(images[memory].rows))
    return f"{words:,} words in block RAM"


def _blocks(written: Configuration) -> dict[tuple[tuple[int, int], str], tuple[str, ...]]:
    """The tiles of each block RAM in use, by row and column and name."""
    return {
        (place_of(tiles[0]), match[1]): tiles
        for tiles, lines in written.groups
        for match in filter(None, map(MODE.match, lines))
    }
