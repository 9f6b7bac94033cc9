"""A value some cycles later."""

from amaranth.hdl import Module, Signal


def delay(m: Module, value, cycles: int, *, reset_less: bool = True):
    """`value` as it was `cycles` clock cycles ago, through as many registers.

    Leave `reset_less` on for data that a valid bit guards; turn it off for the valid bit itself.
    """
    for _ in range(cycles):
        register = Signal.like(value, name="delayed", reset_less=reset_less)
        m.d.sync += register.eq(value)
        value = register
    return value


def history(m: Module, value, cycles: int, *, reset_less: bool = True) -> list:
    """`value` as it was 0, 1, ... `cycles` clock cycles ago."""
    values = [value]
    for _ in range(cycles):
        values.append(delay(m, values[-1], 1, reset_less=reset_less))
    return values
