"""A value brought to many places of the die at once."""

from amaranth.hdl import Array, Cat, Module, Signal, Value
from amaranth.utils import ceil_log2

FAN_OUT = 4
FAN_OUT_CYCLES = 2
LOCAL_BITS = 32
"""Bits of a word that share the registers that choose them: more would be too far from these."""


def fan_out_tree(m: Module, value, places: int) -> list[Signal]:
    """`value` as it was `FAN_OUT_CYCLES` ago, in a register of its own for each of the `places`.

    A tree: a register for every `FAN_OUT` places, then one a place, so that no wire is longer than
    a part of the die.
    """

    def registers(sources, count):
        return [local_copy(m, sources[n // FAN_OUT]) for n in range(count)]

    branches = -(-places // FAN_OUT)
    assert branches <= FAN_OUT, "a level more is needed"
    return registers(registers([value], branches), places)


def local_copy(m: Module, value, *, reset_less: bool = True) -> Signal:
    """`value` a cycle later, for one reader; without the mark synthesis makes one of equal ones."""
    register = Signal.like(value, name="own", reset_less=reset_less, attrs={"keep": 1})
    m.d.sync += register.eq(value)
    return register


def local_choose(m: Module, words: list, number):
    """The word whose `number` was given a cycle ago, chosen by registers of its parts' own."""
    words, number = [Value.cast(word) for word in words], number[: ceil_log2(len(words))]
    return Cat(
        Array(word[part] for word in words)[local_copy(m, number)]
        for part in slices(len(words[0]), LOCAL_BITS)
    )


def slices(bits: int, size: int) -> list[slice]:
    """A word of so many bits in parts of a size."""
    return [slice(n, min(n + size, bits)) for n in range(0, bits, size)]
