"""A board's SDRAM: a register in every pad, and a clock of its own."""

from amaranth.hdl import Module, Value
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In

from .controller import PINS

CLOCK_LEAD = 5.0
"""Nanoseconds by which the chip's clock is ahead of the core's next edge.

Pads are some 4 ns late, the clock's as well as the others. So the chip sees its pins change these
5 ns after its edge; and a word that it sends after an edge, at most 5.4 ns late and kept for 2.5 ns
after the next, meets the core's second edge after that with 1 ns for the way in: at a cycle of
10 ns, 3.6 ns after it came and 3.5 ns before it goes."""


class SdramPads(wiring.Component):
    """The pins of an `SdramController` on the platform's resource `sdram`.

    The domain `clock` is the chip's clock, `CLOCK_LEAD` ahead of `sync`.
    """

    pins: In(PINS)

    def __init__(self, clock: str = "sdram"):
        self.clock = clock
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        names = ("clk", "clk_en", "cs", "we", "ras", "cas", "ba", "a", "dq", "dqm")
        ports = platform.request("sdram", dir={name: "-" for name in names})
        pins, command = self.pins, Value.cast(self.pins.command)
        m.submodules.clk = clock = io.DDRBuffer("o", ports.clk, o_domain=self.clock)
        m.d.comb += [clock.o[0].eq(1), clock.o[1].eq(0)]
        outputs = {
            "clk_en": 1,
            "cs": 1,
            "ras": ~command[2],
            "cas": ~command[1],
            "we": ~command[0],
            "ba": pins.bank,
            "a": pins.address,
            "dqm": pins.mask.replicate(2),
        }
        for name, value in outputs.items():
            m.submodules[name] = pad = io.FFBuffer("o", getattr(ports, name))
            m.d.comb += pad.o.eq(value)
        m.submodules.dq = dq = io.FFBuffer("io", ports.dq)
        m.d.comb += [dq.o.eq(pins.dq_o), dq.oe.eq(pins.dq_oe), pins.dq_i.eq(dq.i)]
        return m
