"""The memories and multipliers that an accelerator takes of an ECP5, counted before synthesis.

The counts follow Yosys' mapping. In a block RAM mode of `depth` x `width`, a memory of `words` x
`bits` takes ``ceil(bits * ceil(words / depth) / width)`` blocks; Yosys uses the mode with the
fewest, or distributed RAM if that is cheaper.
"""

from dataclasses import dataclass

import numpy as np

from ...errors import FirelineError
from ...hw.array.weight_word import WeightWord
from ...hw.boards.board import Board
from ...hw.memory.block_ram import BLOCK_RAM_MODES
from ...hw.memory.distributed_ram import cells, is_distributed
from ...hw.memory.ram import banks
from ...hw.program import Program
from ...hw.tables import Tables
from .compile import Compiled

BLOCK_RAM_COST, DISTRIBUTED_COST = 128, 4
"""Yosys' costs of a DP16KD and of a TRELLIS_DPR16X4, which holds 16 words of 4 bits."""

LINK_BLOCK_RAMS = 1
"""Block RAMs of the serial link, which stands beside the accelerator."""


@dataclass(frozen=True)
class MemoryUse:
    """A memory of the accelerator; with no block RAMs it is distributed RAM."""

    name: str
    words: int
    bits: int
    block_rams: int


@dataclass(frozen=True)
class Resources:
    """The accelerator's memories, and the pair multipliers of its array: two products each."""

    memories: tuple[MemoryUse, ...]
    pairs: int

    @property
    def block_rams(self) -> int:
        """Block RAMs of all memories."""
        return sum(memory.block_rams for memory in self.memories)


def resources(program: Program) -> Resources:
    """Counts a program's memories and multipliers."""
    byte_word = 8 * program.array.ci
    channel = program.bias_bits + program.multiplier_bits
    window = program.window
    memories = [
        weight_rom(program.rom_words, program),
        _rom("parameters", len(program.parameters), program.requantizer_lanes * channel),
        _rom("row program", len(program.rows), _varying_bits(Tables(program).rows)),
        _ram("activations", program.activation_words, byte_word),
        _ram("skips", program.skip_words, byte_word),
        _ram("pool columns", program.pool_pixel_beats, 8 * program.requantizer_lanes),
        _ram("pool rows", program.pool_beats, 8 * program.requantizer_lanes),
        _single(
            "pixel rows",
            window.width + 2 * window.padding,
            8 * window.channels * (window.kernel - 1),
        ),
        _single("scores", program.score_beats, program.score_bits * program.requantizer_lanes),
    ]
    used = tuple(memory for memory in memories if memory.words and memory.bits)
    return Resources(used, program.array.products // 2)


def weight_rom(words: int, program: Program) -> MemoryUse:
    """The program's weight ROM if it had `words` words; every lane pair has a slice of it."""
    bits = WeightWord(program.array.ci, 2, program.exponent_bits).size
    return _rom("weights", words, bits, program.array.co // 2)


def fits(program: Program, board: Board) -> bool:
    """Whether the accelerator and the link fit the board's block RAMs."""
    return resources(program).block_rams + LINK_BLOCK_RAMS <= board.block_rams


def check_fit(compiled: Compiled, board: Board) -> Resources:
    """The resources of a program that fits the board.

    Raises FirelineError, with the numbers and with what would help, if it does not fit.
    """
    needed = resources(compiled.program)
    if fits(compiled.program, board):
        return needed
    greatest = max(needed.memories, key=lambda memory: memory.block_rams)
    eight = [name for name, conv in compiled.network.convs.items() if conv.bits == 8]
    remedies = ["a larger board"]
    if compiled.program.array.products > 16:
        remedies.insert(0, "a smaller --array")
    if len(eight) > 1:
        remedies.insert(0, f"--weight-bits 4 ({len(eight)} layers have 8)")
    raise FirelineError(
        f"{compiled.network.architecture.name} at {compiled.program.array} needs "
        f"{needed.block_rams} block RAMs and {board.name} has {board.block_rams}, of which the "
        f"serial link takes {LINK_BLOCK_RAMS}; the "
        f"{greatest.name} alone take {greatest.block_rams}; try {' or '.join(remedies)}"
    )


def block_rams(words: int, bits: int) -> int:
    """Block RAMs of a memory in the mode that takes the fewest."""
    return min(-(-bits * -(-words // depth) // width) for depth, width in BLOCK_RAM_MODES)


def _rom(name: str, words: int, bits: int, count: int = 1) -> MemoryUse:
    """A ROM in block RAM, in `count` memories side by side."""
    blocks = count * block_rams(words, bits) if bits else 0
    return MemoryUse(name, words, count * bits, blocks)


def _ram(name: str, words: int, bits: int) -> MemoryUse:
    """A `Ram`, whose shallow banks are always distributed RAM."""
    blocks = sum(
        _memory(name, depth, bits).block_rams
        for depth, shallow in banks(words, bits)
        if not shallow
    )
    return MemoryUse(name, words, bits, blocks)


def _single(name: str, words: int, bits: int) -> MemoryUse:
    """A memory of the line buffer or of the average, which has a single bank."""
    return (
        MemoryUse(name, words, bits, 0)
        if is_distributed(words, bits)
        else _memory(name, words, bits)
    )


def _memory(name: str, words: int, bits: int) -> MemoryUse:
    """A memory in the kind of RAM that Yosys' costs prefer."""
    distributed = DISTRIBUTED_COST * cells(words, bits)
    blocks = block_rams(words, bits) if words and bits else 0
    return MemoryUse(name, words, bits, blocks if BLOCK_RAM_COST * blocks < distributed else 0)


def _varying_bits(records: list[dict[str, int]]) -> int:
    """Bits of a table that take memory: those neither constant nor copies of another bit."""
    columns = set()
    for name in records[0]:
        values = np.array([int(record[name]) for record in records], dtype=np.int64)
        for bit in range(int(values.max()).bit_length()):
            column = values >> bit & 1
            if column.min() != column.max():
                columns.add(column.tobytes())
    return len(columns)
