"""A value brought to many places of the die at once."""

from amaranth.hdl import Module, Signal

FAN_OUT = 4
SPREAD_CYCLES = 2


def spread(m: Module, value, places: int, *, reset_less: bool = True) -> list[Signal]:
    """`value` as it was `SPREAD_CYCLES` ago, in a register of its own for each of the `places`.

    A tree: a register for every `FAN_OUT` places, then one a place, so that no wire is longer than
    a part of the die. They are marked to be kept, for synthesis would make one of equal registers.
    """

    def registers(sources, count):
        made = [
            Signal.like(value, name="spread", reset_less=reset_less, attrs={"keep": 1})
            for _ in range(count)
        ]
        m.d.sync += [one.eq(sources[n // FAN_OUT]) for n, one in enumerate(made)]
        return made

    branches = -(-places // FAN_OUT)
    assert branches <= FAN_OUT, "a level more is needed"
    return registers(registers([value], branches), places)
