"""A value brought to many places of the die at once."""

from amaranth.hdl import Module, Signal

FAN_OUT = 4
SPREAD_CYCLES = 2


def spread(m: Module, value, places: int, *, reset_less: bool = True) -> list[Signal]:
    """`value` as it was `SPREAD_CYCLES` ago, in a register of its own for each of the `places`.

    A tree: a register for every `FAN_OUT` places, then one a place, so that no wire is longer than
    a part of the die.
    """

    def registers(sources, count):
        return [own_register(m, sources[n // FAN_OUT], reset_less=reset_less) for n in range(count)]

    branches = -(-places // FAN_OUT)
    assert branches <= FAN_OUT, "a level more is needed"
    return registers(registers([value], branches), places)


def own_register(m: Module, value, *, reset_less: bool = True) -> Signal:
    """`value` a cycle later, for one reader; without the mark synthesis makes one of equal ones."""
    register = Signal.like(value, name="own", reset_less=reset_less, attrs={"keep": 1})
    m.d.sync += register.eq(value)
    return register
