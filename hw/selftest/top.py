"""The self-test on a board: its ports connected to the FPGA's pins."""

from amaranth.hdl import ClockDomain, DomainRenamer, Elaboratable, Module
from amaranth.lib import io, wiring

from ..boards.lights import connect_lights
from ..sdram.pads import SdramPads
from .plan import SelfTestPlan
from .selftest import SelfTest

BAUD = 1_000_000


class SelfTestTop(Elaboratable):
    """The self-test of a board.

    Parameters
        plan: what is tested
    """

    def __init__(self, plan: SelfTestPlan):
        self.plan, self.board = plan, plan.board
        self.clock_mhz = plan.core_mhz
        self.baud, self.network = BAUD, "selftest"

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = sync = ClockDomain(reset_less=True)
        m.domains.core = core = ClockDomain()
        m.submodules.selftest = selftest = SelfTest(self.plan)
        pin = platform.request(platform.default_clk, dir="-")
        m.submodules.oscillator = oscillator = io.Buffer("i", pin)
        uart = platform.request("uart", dir={"rx": "-", "tx": "-", "rts": "-", "dtr": "-"})
        m.submodules.rx = rx_pin = io.Buffer("i", uart.rx)
        m.submodules.tx = tx_pin = io.Buffer("o", uart.tx)
        m.d.comb += [
            sync.clk.eq(oscillator.i),
            core.clk.eq(selftest.core_clock),
            core.rst.eq(selftest.core_reset),
            selftest.rx.eq(rx_pin.i),
            tx_pin.o.eq(selftest.tx),
        ]
        if self.plan.has_sdram:
            m.domains.sdram = sdram = ClockDomain(reset_less=True)
            m.submodules.sdram = pads = DomainRenamer("core")(SdramPads())
            m.d.comb += sdram.clk.eq(selftest.memory_clock)
            wiring.connect(m, selftest.memory, pads.pins)
        connect_lights(m, platform, selftest.lights.as_value())
        if self.board.pulled_up:
            pins = platform.request("pulled_up", dir="-")
            m.submodules.pulled_up = pulled_up = io.Buffer("o", pins)
            m.d.comb += pulled_up.o.eq(~0)
        return m
