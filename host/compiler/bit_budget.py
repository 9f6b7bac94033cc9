"""Bits by layer: which convolutions get 8-bit weights, if these must fit a given room of ROM.

It is a knapsack problem: a layer with 8 bits avoids the harm of 4, and takes twice the ROM.
"""

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
from .resources import LINK_BLOCK_RAMS, fits, resources, weight_rom

GRAIN = 4096
"""Parts of the room that the knapsack distinguishes."""

WORTH = 0.01
"""A layer with less than this share of all harm gets 4 bits, because 8 take twice the cycles."""

STEP = 16
"""Words by which `board_room` enlarges the weight ROM."""

SLOTS = 2
"""Class blocks of a streamed classifier for which `board_room` leaves space."""

ALWAYS_8 = "conv1"
"""The layer that always gets 8 bits: it has few weights, and every other layer depends on it."""


@dataclass(frozen=True)
class Option:
    """The costs of 4 and of 8 bits in a convolution."""

    name: str
    harm: float
    """What 4 bits instead of 8 in this layer alone do; in any unit."""
    rom: tuple[int, int]
    """Bits of ROM that the weights take with 4 bits, and with 8."""
    cycles: tuple[int, int]
    """Cycles a frame with 4 bits, and with 8; taps beyond the map count."""


def options(
    architecture: Architecture, program: Program, harm: Mapping[str, float], gaps: bool
) -> list[Option]:
    """The options of every convolution, whose `harm` is given by name.

    `program` has 4 bits in all layers, see `four_bits`. With `gaps` ROM is counted in words of the
    program's array, otherwise as bits of weights and exponents. A streamed classifier takes none.
    """
    found = []
    word_bits, words = weight_rom(1, program).bits, layer_words(architecture, program)
    for layer in [layer for layer in architecture.layers() if layer.is_convolution]:
        rom = words[layer.name] * word_bits, 2 * words[layer.name] * word_bits
        if program.head and layer.kind is LayerKind.CLASSIFIER:
            rom = 0, 0
        elif not gaps:
            taps = 1 if layer.kind is LayerKind.CONV1 else layer.kernel**2
            groups = taps * len(exponent_group_starts(input_segments(architecture, layer)))
            exponents = program.exponent_bits * layer.output_channels * groups
            rom = 4 * layer.weights + exponents, 8 * layer.weights
        cycles = words[layer.name] * layer.output_height * layer.output_width
        harm_done = max(harm.get(layer.name, 0.0), 0.0)
        found.append(Option(layer.name, harm_done, rom, (cycles, 2 * cycles)))
    return found


def choose(options: Iterable[Option], room: int) -> dict[str, int]:
    """Bits, 4 or 8, by layer: the least sum of harm that takes at most `room` bits of ROM.

    Dynamic programming, exact except that ROM is rounded up to a 4096th of the room. Raises
    FirelineError with the least possible room when 4 bits everywhere take more.
    """
    options = list(options)
    bits = {option.name: 8 if option.name == ALWAYS_8 else 4 for option in options}
    left = room - sum(option.rom[bits[option.name] == 8] for option in options)
    if left < 0:
        raise FirelineError(
            f"the weights take at least {(room - left) / 1024:.1f} kbits with 4 bits in all layers "
            f"but {ALWAYS_8}, more than {room / 1024:.0f}; use a smaller network or more memory"
        )
    worth = WORTH * sum(option.harm for option in options)
    candidates = [o for o in options if bits[o.name] == 4 and o.harm > worth]
    grain = -(-left // GRAIN) or 1
    size = left // grain + 1
    avoided = np.zeros(size)  # the most harm avoided with 0, 1, ... grains of ROM
    choices = []
    for option in candidates:
        cost = -(-(option.rom[1] - option.rom[0]) // grain)
        with_8 = np.full(size, -1.0)
        if cost < size:
            with_8[cost:] = avoided[: size - cost] + option.harm
        choices.append((with_8 > avoided, cost))
        avoided = np.maximum(avoided, with_8)
    grains = size - 1
    for option, (gets_8, cost) in zip(reversed(candidates), reversed(choices), strict=True):
        if gets_8[grains]:
            bits[option.name] = 8
            grains -= cost
    return bits


def four_bits(
    architecture: Architecture,
    array: ArrayShape,
    board: Board | None = None,
    exponent_max: int = EXPONENT_MAX,
) -> Program:
    """The program of a network of that shape with 4 bits in every layer, with random weights.

    If it does not fit the board, the classifier is streamed, unless that is impossible.
    """
    network = random_network(
        architecture, 0, exponent_max=exponent_max, multiplier_bits=AS_QUANTIZED
    )
    compiled = compile_network(network, array)
    if board and not fits(compiled.program, board):
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
    """Bits of weight ROM that fit the board beside the program's other memories."""
    others = sum(m.block_rams for m in resources(program).memories if m.name != "weights")
    free = board.block_rams - LINK_BLOCK_RAMS - others
    words = STEP
    while weight_rom(words + STEP, program).block_rams <= free:
        words += STEP
    slots = SLOTS * 2 * program.head.words if program.head else 0  # 8 bits: twice the words
    return (words - slots) * weight_rom(words, program).bits
