"""A counter that stops at its highest value."""

from amaranth.hdl import Module, Signal


def count_up(m: Module, counter: Signal, event) -> None:
    """`counter` counts the cycles in which `event` is 1, and stops at its highest value.

    A register holds whether it has stopped, because a wide comparison before the counter's enable
    would be a long path. `event` must not be 1 in two cycles running.
    """
    full = Signal(name="full")
    m.d.sync += full.eq(counter.all())
    with m.If(event & ~full):
        m.d.sync += counter.eq(counter + 1)
