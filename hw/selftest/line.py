"""A line of a round, and what the tests before the lines share."""

from dataclasses import dataclass, field

from amaranth.hdl import Const, Mux, Signal, Value

from .duty import LEVELS
from .plan import SelfTestPlan
from .times import Times


@dataclass
class Line:
    """A line: its template, see `Report`, the fields, and the test that runs before it."""

    template: str
    values: list = field(default_factory=list)
    ready: Value = field(default_factory=lambda: Const(1))
    """The test has ended."""
    run: Signal = field(default_factory=lambda: Signal(name="run"))
    """The test may run."""


@dataclass
class Control:
    """What the tests know of the round."""

    plan: SelfTestPlan
    times: Times
    alive: Signal = field(default_factory=lambda: Signal(name="alive"))
    """The core's clock can be used."""
    stop: Signal = field(default_factory=lambda: Signal(name="stop", init=1))
    """The tests that run beside each other have to end."""
    level: Signal = field(default_factory=lambda: Signal(range(LEVELS), name="level"))
    """Their activity, see `duty`."""
    lines: list[Line] = field(default_factory=list)
    """The lines of a round."""

    def if_alive(self, value, otherwise: int = 0):
        """`value`, or a constant if the core's clock stands still."""
        return Mux(self.alive, value, otherwise)
