"""Which layers get 8 bits: as little harm as possible in the ROM that there is."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ...errors import FirelineError
from ...hw.boards.board import Board
from ...hw.program import ArrayShape, Program
from ..network.architecture import Architecture, LayerKind
from ..network.exponent_groups import EXPONENT_MAX, input_segments
from ..network.random_network import AS_QUANTIZED, random_network
from .buffers import StreamedHead
from .compile import compile_network
from .maps import exponent_group_starts
from .plan import plan_layers
from .resources import LINK_BLOCK_RAMS, resources, weight_rom

GRAIN = 4096  # parts of the room that are told apart
WORTH = 0.01  # of all harm: a layer that does less gets 4 bits, for 8 take twice the cycles
STEP = 16  # words, by which the ROM that fits is found
SLOTS = 2  # for the weights of a streamed classifier, at least
ALWAYS_8 = "conv1"  # few weights, and all that follows hangs on them


@dataclass(frozen=True)
class Option:
    """What 4 and what 8 bits mean for a layer."""

    name: str
    harm: float  # with 4 bits instead of 8, this layer alone; in any unit
    rom: tuple[int, int]  # bits of ROM that its weights take with 4, and with 8
    cycles: tuple[int, int]  # of a frame, taps on the border counted


def options(
    architecture: Architecture, program: Program, harm: Mapping[str, float], gaps: bool
) -> list[Option]:
    """The options of every convolution; ``program`` is one that ``four_bits`` made.

    ROM is counted in words of the program's array with ``gaps``, or as bits of weights and
    exponents without. A streamed layer takes none.
    """
    found = []
    word_bits, words = weight_rom(1, program).bits, layer_words(architecture, program)
    streamed = {layer.name for layer in program.layers if layer.streamed}
    for layer in [layer for layer in architecture.layers() if layer.is_convolution]:
        rom = words[layer.name] * word_bits, 2 * words[layer.name] * word_bits
        if not gaps:
            taps = 1 if layer.kind is LayerKind.CONV1 else layer.kernel**2
            groups = taps * len(exponent_group_starts(input_segments(architecture, layer)))
            exponents = program.exponent_bits * layer.output_channels * groups
            rom = 4 * layer.weights + exponents, 8 * layer.weights
        if layer.name in streamed:
            rom = 0, 0
        cycles = words[layer.name] * layer.output_height * layer.output_width
        harm_done = max(harm.get(layer.name, 0.0), 0.0)
        found.append(Option(layer.name, harm_done, rom, (cycles, 2 * cycles)))
    return found


def choose(options: Iterable[Option], room: int) -> dict[str, int]:
    """Bits, 4 or 8, of every layer: the least sum of harm with which ``room`` bits of ROM do.

    Exact, by dynamic programming, but for the grain of a 4096th of the room. Raises FirelineError,
    with the least that can be met, when even 4 bits are too many.
    """
    options = list(options)
    bits = {option.name: 8 if option.name == ALWAYS_8 else 4 for option in options}
    left = room - sum(option.rom[bits[option.name] == 8] for option in options)
    if left < 0:
        raise FirelineError(
            f"the weights take at least {(room - left) / 1024:.1f} kbits, 4 bits in all layers but "
            f"{ALWAYS_8}, more than {room / 1024:.0f}; use a smaller network or more memory"
        )
    worth = WORTH * sum(option.harm for option in options)
    open_options = [o for o in options if bits[o.name] == 4 and o.harm > worth]
    grain = -(-left // GRAIN) or 1
    size = left // grain + 1
    best, taken = np.zeros(size), []  # harm that is saved within so many grains
    for option in open_options:
        cost = -(-(option.rom[1] - option.rom[0]) // grain)
        other = np.full(size, -1.0)
        if cost < size:
            other[cost:] = best[: size - cost] + option.harm
        taken.append((other > best, cost))
        best = np.maximum(best, other)
    place = size - 1
    for option, (takes, cost) in zip(reversed(open_options), reversed(taken), strict=True):
        if takes[place]:
            bits[option.name] = 8
            place -= cost
    return bits


def four_bits(
    architecture: Architecture,
    array: ArrayShape,
    board: Board | None = None,
    exponent_max: int = EXPONENT_MAX,
) -> Program:
    """What a network of that shape compiles to with 4 bits everywhere, whatever its weights.

    If it does not fit the board, the classifier is streamed, so far as that is possible.
    """
    network = random_network(
        architecture, 0, exponent_max=exponent_max, multiplier_bits=AS_QUANTIZED
    )
    compiled = compile_network(network, array)
    if board and resources(compiled.program).block_rams + LINK_BLOCK_RAMS > board.block_rams:
        with contextlib.suppress(FirelineError):
            head = StreamedHead(rows=1, clock_mhz=board.clock_mhz)
            compiled = compile_network(network, array, head=head)
    return compiled.program


def layer_words(architecture: Architecture, program: Program) -> dict[str, int]:
    """Weight words of every convolution."""
    words = {}
    layers = {layer.name: layer for layer in program.layers}
    for plan in plan_layers(architecture).layers:
        layer = layers[plan.name]
        groups = program.head.blocks if program.head and layer.streamed else layer.pointwise_groups
        words[plan.pointwise.name] = layer.words * groups * layer.pointwise_passes
        if plan.expand3x3:
            passes = layer.expand3x3_groups * layer.expand3x3_passes
            words[plan.expand3x3.name] = 9 * layer.words * passes
    return words


def board_room(program: Program, board: Board) -> int:
    """Bits of weight ROM that fit a board beside the program's other memories."""
    others = sum(m.block_rams for m in resources(program).memories if m.name != "weights")
    free = board.block_rams - LINK_BLOCK_RAMS - others
    words = STEP
    while weight_rom(words + STEP, program).block_rams <= free:
        words += STEP
    slots = SLOTS * 2 * program.head.words if program.head else 0  # with 8 bits
    return (words - slots) * weight_rom(words, program).bits
