"""What an accelerator takes of an ECP5, before synthesis: its memories and its multipliers.

The counts follow how Yosys maps memories: a memory of `words` x `bits` takes, in the block RAM mode
of `depth` x `width` that needs fewest, ``ceil(bits * ceil(words / depth) / width)`` blocks, unless
distributed RAM is cheaper.
"""

from dataclasses import dataclass

import numpy as np

from ...errors import FirelineError
from ...hw.array.mac_lanes import WeightWord
from ...hw.boards.board import Board
from ...hw.memory.ram import banks, cells, is_distributed
from ...hw.memory.rom import BLOCK_RAM_MODES
from ...hw.program import Program
from ...hw.tables import Tables
from .compile import Compiled

BLOCK_RAM_COST, DISTRIBUTED_COST = 128, 4
"""What Yosys weighs against each other: a DP16KD, and a TRELLIS_DPR16X4 of 16 words of 4 bits."""

LINK_BLOCK_RAMS = 1
"""Of the serial link, beside the accelerator."""


@dataclass(frozen=True)
class MemoryUse:
    """A memory of the accelerator: what it is for, its size, and how many block RAMs it takes.

    No block RAMs: it lies in distributed RAM.
    """

    name: str
    words: int
    bits: int
    block_rams: int


@dataclass(frozen=True)
class Resources:
    """What the accelerator takes; `pairs` multipliers of two products each stand in the array."""

    memories: tuple[MemoryUse, ...]
    pairs: int

    @property
    def block_rams(self) -> int:
        """Block RAMs in all."""
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
        _ram("pool columns", program.pool_row_beats, 8 * program.requantizer_lanes),
        _ram("pool rows", program.pool_beats, 8 * program.requantizer_lanes),
        _alone(
            "pixel rows",
            window.width + 2 * window.padding,
            8 * window.channels * (window.kernel - 1),
        ),
        _alone("scores", program.score_beats, program.score_bits * program.requantizer_lanes),
    ]
    used = tuple(memory for memory in memories if memory.words and memory.bits)
    return Resources(used, program.array.products // 2)


def weight_rom(words: int, program: Program) -> MemoryUse:
    """The program's weight ROM if it had so many words: a slice for each pair of lanes."""
    bits = WeightWord(program.array.ci, 2, program.exponent_bits).size
    return _rom("weights", words, bits, program.array.co // 2)


def check_fit(compiled: Compiled, board: Board) -> Resources:
    """The resources; FirelineError with the numbers, and what would help, if they do not fit."""
    needed = resources(compiled.program)
    if needed.block_rams + LINK_BLOCK_RAMS <= board.block_rams:
        return needed
    greatest = max(needed.memories, key=lambda memory: memory.block_rams)
    eight = [name for name, conv in compiled.network.convs.items() if conv.bits == 8]
    help = ["a larger board"]
    if compiled.program.array.products > 16:
        help.insert(0, "a smaller --array")
    if len(eight) > 1:
        help.insert(0, f"--weight-bits 4 ({len(eight)} layers have 8)")
    raise FirelineError(
        f"{compiled.network.architecture.name} at {compiled.program.array} needs "
        f"{needed.block_rams} block RAMs and {board.name} has {board.block_rams}, of which the "
        f"serial link takes {LINK_BLOCK_RAMS}; the "
        f"{greatest.name} alone take {greatest.block_rams}; try {' or '.join(help)}"
    )


def block_rams(words: int, bits: int) -> int:
    """Block RAMs of the mode that needs fewest."""
    return min(-(-bits * -(-words // depth) // width) for depth, width in BLOCK_RAM_MODES)


def _rom(name: str, words: int, bits: int, count: int = 1) -> MemoryUse:
    """`count` memories side by side."""
    blocks = count * block_rams(words, bits) if bits else 0
    return MemoryUse(name, words, count * bits, blocks)


def _ram(name: str, words: int, bits: int) -> MemoryUse:
    """Bank by bank."""
    blocks = sum(
        _memory(name, depth, bits).block_rams
        for depth, shallow in banks(words, bits)
        if not shallow
    )
    return MemoryUse(name, words, bits, blocks)


def _alone(name: str, words: int, bits: int) -> MemoryUse:
    """One that is put where it costs least."""
    return (
        MemoryUse(name, words, bits, 0)
        if is_distributed(words, bits)
        else _memory(name, words, bits)
    )


def _memory(name: str, words: int, bits: int) -> MemoryUse:
    distributed = DISTRIBUTED_COST * cells(words, bits)
    blocks = block_rams(words, bits) if words and bits else 0
    return MemoryUse(name, words, bits, blocks if BLOCK_RAM_COST * blocks < distributed else 0)


def _varying_bits(records: list[dict[str, int]]) -> int:
    """Bits of a table that are neither constant nor equal to another: only these cost memory."""
    columns = set()
    for name in records[0]:
        values = np.array([int(record[name]) for record in records], dtype=np.int64)
        for bit in range(int(values.max()).bit_length()):
            column = values >> bit & 1
            if column.min() != column.max():
                columns.add(column.tobytes())
    return len(columns)
