"""The pads of a board's SDRAM: a register in each, and the chip's clock."""

from amaranth.hdl import Module, Value
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In

from .controller import PINS

PADS_NS = 3.65, 5.2
"""Shortest and longest delay of an output pad and an input pad together, the registers' set-up and
hold included, by Project Trellis' data of speed grade 6."""

ACCESS_NS = 5.4
"""From the chip's clock to the word, at most: the slowest of the chips that `SdramTiming` names."""

HOLD_NS = 2.5
"""From the chip's next clock for which it holds the word, at least."""

LEAST_LEAD_NS = 2.5
"""The chip wants its inputs to be stable for 0.8 ns after its clock. Output pads delay the clock
and the other pins alike, so the lead is this time; the rest allows for their differences."""


def clock_lead(clock_mhz: float) -> float:
    """Nanoseconds by which the chip's clock leads the core's.

    The core's edge that ends the cycle samples the word in the middle of the time for which it is
    valid, unless the lead would be less than `LEAST_LEAD_NS`.
    """
    late, early = PADS_NS[1] + ACCESS_NS, PADS_NS[0] + HOLD_NS
    return max(LEAST_LEAD_NS, (late + early - 1000 / clock_mhz) / 2)


def read_margins(clock_mhz: float, lead: float) -> tuple[float, float]:
    """Nanoseconds for which a word is valid before and after the core samples it, in every case.

    The board's wires and the clocks' jitter take their share of them.
    """
    valid, gone = PADS_NS[1] + ACCESS_NS - lead, PADS_NS[0] + HOLD_NS - lead
    return 1000 / clock_mhz - valid, gone


class SdramPads(wiring.Component):
    """Connects an `SdramController` to the platform's resource `sdram`.

    Parameters
        clock: name of the clock domain for the chip, which leads `sync` by `clock_lead`
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
