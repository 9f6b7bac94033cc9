"""Registers that exist because wires are long. They add latency, and never change a value.

A reader who wants to know what a component computes can skip every `routing.` call: each is its
argument, some cycles later, in registers that stand near whoever reads them.
"""

from amaranth.hdl import Array, Cat, Module, Signal, Value
from amaranth.utils import ceil_log2

from . import delay as _delay

FAN_OUT = 4
"""Places that one register of a tree drives."""

TREE_CYCLES = 2
"""Latency of `tree`."""

CHOOSE_CYCLES = 1
"""From the number to the result of `choose`."""

LOCAL_BITS = 32
"""Bits of a word that share one local copy of what selects them."""


def delay(m: Module, value, cycles: int, *, reset_less: bool = True):
    """`value`, `cycles` cycles later: as many registers along a wire that crosses the die."""
    return _delay.delay(m, value, cycles, reset_less=reset_less)


def copy(m: Module, value, *, reset_less: bool = True) -> Signal:
    """`value` one cycle later, in a register for one reader.

    The attribute `keep` stops synthesis from merging equal copies.
    """
    register = Signal.like(value, name="copy", reset_less=reset_less, attrs={"keep": 1})
    m.d.sync += register.eq(value)
    return register


def tree(m: Module, value, places: int) -> list[Signal]:
    """`value`, `TREE_CYCLES` cycles later, in one register for each of at most 16 `places`.

    The first level has a register for every `FAN_OUT` places, the second one for each place, so no
    wire is longer than a part of the die.
    """

    def level(sources, count):
        return [copy(m, sources[n // FAN_OUT]) for n in range(count)]

    branches = -(-places // FAN_OUT)
    assert branches <= FAN_OUT, "a third level is needed"
    return level(level([value], branches), places)


def choose(m: Module, words: list, number):
    """`words[number]`, with the `number` of the cycle before.

    Every `LOCAL_BITS` bits of the result have their own copy of the number.
    """
    words, number = [Value.cast(word) for word in words], number[: ceil_log2(len(words))]
    return Cat(
        Array(word[part] for word in words)[copy(m, number)]
        for part in slices(len(words[0]), LOCAL_BITS)
    )


def slices(bits: int, size: int) -> list[slice]:
    """A word of `bits` bits in slices of `size`, the last one shorter if need be."""
    return [slice(n, min(n + size, bits)) for n in range(0, bits, size)]
