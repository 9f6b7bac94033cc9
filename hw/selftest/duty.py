"""How much of the time the tests on the core's clock run: the activity of a round."""

from amaranth.hdl import Module, Signal

LEVELS = 5
"""0, 25, 50, 75 and 100 %."""

SLOTS = 64


def duty(m: Module, level, step) -> Signal:
    """Whether the next test runs: `level` quarters of all tests do, and at level 0 one in `SLOTS`.

    `step` is 1 in the last cycle of each test and of each pause, which last equally long.
    """
    slot, running = Signal(range(SLOTS)), Signal(init=1)
    with m.If(step):
        m.d.sync += slot.eq(slot + 1)
    m.d.sync += running.eq((slot == 0) | (slot < level * (SLOTS // (LEVELS - 1))))
    return running
