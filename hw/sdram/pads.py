"""The pads of a board's SDRAM: a register in each, and the chip's clock."""

from amaranth.hdl import Module, Value
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In

from .controller import PINS

CLOCK_LEAD = 5.0
"""Nanoseconds by which the chip's clock leads the core's.

Output pads delay the clock and the other pins alike, by about 4 ns. The chip therefore sees its
pins change 5 ns after its own edge, and its edge is 1 ns before the core's. It drives a word at
most 5.4 ns after an edge and holds it for 2.5 ns after the next one. With a cycle of 10 ns and 1 ns
for the input pad, the core's second edge after that samples the word 4.6 ns after it becomes valid
and 2.5 ns before it changes; the chip sees its pins change 5 ns before its next edge.

The PLL rounds the lead to whole periods of its oscillator. At 130 MHz the lead is 4.6 ns and the
cycle 7.7 ns: the word is sampled 1.9 ns after it becomes valid and 2.9 ns before it changes, and
the pins change 3.1 ns before the chip's next edge. The 1.9 ns are tight: they also cover the
board's wires and the setup time of the input register. At 132 MHz, near the most that the chip
allows, 1.7 ns are left."""


class SdramPads(wiring.Component):
    """Connects an `SdramController` to the platform's resource `sdram`.

    Parameters
        clock: name of the clock domain for the chip, which leads `sync` by `CLOCK_LEAD`
    Members
        pins: in, the controller's, see `PINS`
    Latency
        1 cycle out, 1 cycle in
    Throughput
        one command and one word a cycle
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
