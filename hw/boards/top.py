"""The top of the design on a board: the system's ports connected to the FPGA's pins."""

from amaranth.hdl import ClockDomain, Elaboratable, Module
from amaranth.lib import io, wiring

from ..ecp5.clock import PLL, pll_settings
from ..link.baud import BAUD, divisor_of
from ..link.protocol import Identity
from ..sdram.contents import SdramContents
from ..sdram.pads import CLOCK_LEAD, SdramPads
from ..system import SerialSystem, streamed_weights
from .board import Board


class BoardTop(Elaboratable):
    """A core on a board, with its clock, serial line, lights and, if it streams weights, SDRAM.

    Raises FirelineError if the PLL, the UART or the SDRAM cannot run at the clock.

    Parameters
        board: the board
        core: a component with the accelerator's ports
        identity: what the core runs
        clock_mhz: the highest clock allowed, by default the board's; the attribute of the same name
            is the clock that the PLL makes
        baud: bit rate of the serial line
        contents: of the SDRAM, for a core that streams its classifier's weights
    """

    def __init__(
        self,
        board: Board,
        core: wiring.Component,
        identity: Identity,
        clock_mhz: float | None = None,
        baud: int = BAUD,
        contents: SdramContents | None = None,
    ):
        self.board = board
        self.baud = baud
        self.settings = pll_settings(board.oscillator_mhz, clock_mhz or board.clock_mhz)
        self.clock_mhz = self.settings.output_mhz
        self.weights = streamed_weights(contents, self.clock_mhz) if contents else None
        divisor = divisor_of(self.clock_mhz, baud)
        self.system = SerialSystem(core, identity, divisor, self.weights)

    def elaborate(self, platform):
        m = Module()
        m.submodules.system = system = self.system
        pll = self._build_clock(m, platform)
        self._build_serial_line(m, platform)
        if self.weights:
            m.domains.sdram = sdram = ClockDomain(reset_less=True)
            m.submodules.sdram = pads = SdramPads()
            m.d.comb += sdram.clk.eq(pll.ahead)
            wiring.connect(m, system.memory, pads.pins)
        for number, light in enumerate(system.lights.as_value()):
            led = platform.request("led", number, dir="-")
            m.submodules[f"led{number}"] = led_pin = io.Buffer("o", led)
            m.d.comb += led_pin.o.eq(light)
        return m

    def _build_clock(self, m, platform):
        """The board's oscillator and the PLL that drives domain `sync`. Returns the PLL."""
        m.domains.sync = sync = ClockDomain(reset_less=True)
        m.submodules.pll = pll = PLL(self.settings, CLOCK_LEAD if self.weights else 0)
        oscillator = platform.request(platform.default_clk, dir="-")
        m.submodules.oscillator = oscillator_pin = io.Buffer("i", oscillator)
        m.d.comb += [pll.oscillator.eq(oscillator_pin.i), sync.clk.eq(pll.clock)]
        return pll

    def _build_serial_line(self, m, platform):
        uart = platform.request("uart", dir={"rx": "-", "tx": "-", "rts": "-", "dtr": "-"})
        m.submodules.rx = rx_pin = io.Buffer("i", uart.rx)
        m.submodules.tx = tx_pin = io.Buffer("o", uart.tx)
        m.d.comb += [self.system.rx.eq(rx_pin.i), tx_pin.o.eq(self.system.tx)]
