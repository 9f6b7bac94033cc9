"""What each block RAM of a design starts with: as the design says, and as the netlist says."""

import re
from pathlib import Path
from typing import NamedTuple

from ....errors import FirelineError

BLOCK_VALUES = 2048
"""Values of 9 bits in a block RAM."""

INITIAL_WORDS = 64
"""Parameters of a DP16KD that hold them, each 16 times 18 bits in 20."""

MODULE = re.compile(r"module \\top\.?(\S*)")
MEMORY = re.compile(r"  memory width (\d+) size \d+ \\(\S+)")
IMAGE_OF = re.compile(r'    parameter \\MEMID "\\\\(\S+)"')
IMAGE = re.compile(r"    connect \\DATA \d+'([01]+)")
CELL = re.compile(r"(.+)\.(\d+)\.(\d+)")
"""Yosys' name of a block RAM: the memory, the copy for another read port, the slice of its bits."""


class Image(NamedTuple):
    """What a memory starts with: bits of a row, and the rows."""

    width: int
    rows: list[int]


def design_images(path: Path) -> dict[str, Image]:
    """What each memory of a design starts with, by the memory's full name; from RTLIL."""
    found, widths = {}, {}
    module = memory = ""
    is_image = False
    with path.open() as lines:
        for line in lines:
            if match := MODULE.match(line):
                module = match[1]
            elif match := MEMORY.match(line):
                widths[_full(module, match[2])] = int(match[1])
            elif line.startswith("  cell "):
                is_image = line.startswith("  cell $meminit_v2 ")
            elif is_image and (match := IMAGE_OF.match(line)):
                memory = _full(module, match[1])
            elif is_image and (match := IMAGE.match(line)):
                digits, width = match[1], widths[memory]
                rows = [digits[n : n + width] for n in range(0, len(digits), width)]
                found[memory] = Image(width, [int(row, 2) for row in reversed(rows)])
    return found


def cell_image(cell: dict) -> list[int]:
    """The `BLOCK_VALUES` values of 9 bits that a block RAM in Yosys' netlist starts with."""
    found = []
    for number in range(INITIAL_WORDS):
        bits = cell["parameters"].get(f"INITVAL_{number:02X}", "").replace("x", "0")
        value = int(bits or "0", 2)
        for _ in range(16):
            found += [value & 511, value >> 9 & 511]
            value >>= 20
    return found


def rows_of(slices: list[dict], width: int, count: int) -> list[int]:
    """The first `count` rows of `width` bits of a memory, from the block RAMs that hold the slices
    of its bits, lowest first.

    Yosys fills a block RAM with as many rows as it has in its shape. Further rows lie beside the
    first ones, in the higher bits (passes/memory/memory_libmap.cc, gen_swizzle).
    """
    block_width = int(slices[0]["parameters"]["DATA_WIDTH_A"], 2)
    blocks = [_block_rows(cell_image(cell), block_width) for cell in slices]
    side_by_side = [
        sum(value << block_width * place for place, value in enumerate(values))
        for values in zip(*blocks, strict=True)
    ]
    block_rows = len(side_by_side)
    found = []
    for row in range(count):
        beside, first = divmod(row, block_rows)
        found.append(side_by_side[first] >> width * beside & (1 << width) - 1)
    return found


def _block_rows(values: list[int], width: int) -> list[int]:
    """The rows of a block RAM of a shape; narrow ones leave out the ninth bits."""
    if width < 9:
        return [value >> bit & (1 << width) - 1 for value in values for bit in range(0, 8, width)]
    units = width // 9
    return [
        sum(value << 9 * n for n, value in enumerate(values[start : start + units]))
        for start in range(0, len(values), units)
    ]


def without_constants(image: Image) -> Image:
    """The rows without the bits that are the same in all of them, which Yosys takes out of ROMs."""
    ones, zeros = image.rows[0], ~image.rows[0]
    for row in image.rows:
        ones, zeros = ones & row, zeros & ~row
    kept = [bit for bit in range(image.width) if not (ones | zeros) >> bit & 1]
    return Image(
        len(kept),
        [sum((row >> bit & 1) << n for n, bit in enumerate(kept)) for row in image.rows],
    )


def memories_of(netlist: dict) -> dict[str, list[list[dict]]]:
    """The block RAMs of each memory of a netlist: for each copy, those of its slices in order.

    Raises FirelineError if Yosys named one otherwise.
    """
    cells: dict[str, dict[tuple[int, int], dict]] = {}
    for name, cell in netlist["cells"].items():
        if cell["type"] == "DP16KD":
            match = CELL.fullmatch(name)
            if not match:
                raise FirelineError(f"the block RAM {name} belongs to no known memory")
            cells.setdefault(match[1], {})[int(match[2]), int(match[3])] = cell
    return {
        memory: [
            [own[copy, n] for n in sorted(n for other, n in own if other == copy)]
            for copy in sorted({copy for copy, _ in own})
        ]
        for memory, own in cells.items()
    }


def placed_block_rams(path: Path) -> dict[str, str]:
    """The site of each block RAM, from the placed netlist that nextpnr writes.

    The file is large, so its lines are searched; a cell's name is two lines above its type.
    """
    found: dict[str, str] = {}
    name = ""  # of the cell, if it is a block RAM
    older = last = ""
    with path.open() as lines:
        for line in lines:
            if '"type": ' in line:
                name = older.split('"')[1] if '"DP16KD"' in line else ""
            elif name and '"NEXTPNR_BEL": ' in line:
                found[name] = line.split('"')[3]
            older, last = last, line
    return found


def _full(module: str, memory: str) -> str:
    return f"{module}.{memory}" if module else memory
