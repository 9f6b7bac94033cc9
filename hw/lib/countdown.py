"""A counter that marks its last item."""

from amaranth import tracer
from amaranth.hdl import Signal


class Countdown:
    """Counts items down; a register marks the last one, so that no comparator precedes its readers.

    `load` and `step` return assignments for a clock domain; where both apply, the later one wins::

        with m.If(step):
            m.d.sync += columns.step()
        with m.If(start):
            m.d.sync += columns.load(layer.last_column)

        cycle        0        1     2     3
        assignment   load(2)  step  step  load(0)
        left                  2     1     0        0
        last                  0     0     1        1

    A `step` from the last item leaves `left` and `last` undefined until the next `load`.

    Parameters
        shape: of `left`
        end: value of `left` at the last item: 0 if `load` gets the index of the last item, 1 if it
            gets the number of items
        init: value of `left` after reset
        reset_less: True if every use begins with a `load`, so that a reset may leave both registers
        name: prefix of both registers' names, by default the name of the variable
    Members
        left: register, counts down to `end`
        last: register, `left == end`
    Latency
        1 cycle from `load` and `step` to `left` and `last`
    """

    def __init__(self, shape, *, end: int = 0, init: int = 0, reset_less=False, name=None):
        name = name or tracer.get_var_name(depth=2, default="countdown")
        self._end = end
        self.left = Signal(shape, name=f"{name}_left", init=init, reset_less=reset_less)
        self.last = Signal(name=f"{name}_last", init=init == end, reset_less=reset_less)

    def load(self, count) -> list:
        """`left` becomes `count`."""
        return [self.left.eq(count), self.last.eq(count == self._end)]

    def step(self) -> list:
        """Moves on to the next item."""
        return [self.left.eq(self.left - 1), self.last.eq(self.next_is_last)]

    @property
    def next_is_last(self):
        """Whether a `step` now reaches the last item; combinational, 1 bit."""
        return self.left == self._end + 1
