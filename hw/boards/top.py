"""The top of the design on a board: the system's ports connected to the FPGA's pins."""

from amaranth.hdl import Cat, ClockDomain, Elaboratable, Module, Signal
from amaranth.lib import io, wiring

from ..ecp5.clock import CoreClock
from ..ecp5.pll import pll_settings
from ..link.baud import BAUD, divisor_of
from ..link.protocol import Identity
from ..sdram.contents import SdramContents
from ..sdram.pads import SdramPads, clock_lead
from ..system import SerialSystem, streamed_weights
from .board import Board
from .lights import connect_lights

OSCILLATOR_BITS = 24
"""Bits of the counter whose highest bit is the oscillator's light."""


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
        clock_mhz = board.clock_mhz if clock_mhz is None else clock_mhz
        self.settings = pll_settings(board.oscillator_mhz, clock_mhz)
        self.clock_mhz = self.settings.output_mhz
        self.weights = streamed_weights(contents, self.clock_mhz) if contents else None
        divisor = divisor_of(self.clock_mhz, baud)
        self.system = SerialSystem(core, identity, divisor, self.weights)
        self.network = f"{identity.network:08x}"

    def elaborate(self, platform):
        m = Module()
        m.submodules.system = system = self.system
        clock = self._build_clock(m, platform)
        self._build_serial_line(m, platform)
        if self.weights:
            m.domains.sdram = sdram = ClockDomain(reset_less=True)
            m.submodules.sdram = pads = SdramPads()
            m.d.comb += sdram.clk.eq(clock.ahead)
            wiring.connect(m, system.memory, pads.pins)
        self._build_lights(m, platform)
        if self.board.pulled_up:
            pins = platform.request("pulled_up", dir="-")
            m.submodules.pulled_up = pads = io.Buffer("o", pins)
            m.d.comb += pads.o.eq(~0)
        return m

    def _build_clock(self, m, platform):
        """The domains `oscillator`, the board's clock, and `sync`. Returns what makes `sync`."""
        m.domains.oscillator = oscillator = ClockDomain(reset_less=True)
        m.domains.sync = sync = ClockDomain(reset_less=True)
        lead_steps = None
        if self.weights:
            lead_steps = round(clock_lead(self.clock_mhz) / self.settings.step_ns)
        m.submodules.clock = clock = CoreClock(self.settings, lead_steps)
        pin = platform.request(platform.default_clk, dir="-")
        m.submodules.oscillator = oscillator_pin = io.Buffer("i", pin)
        m.d.comb += [
            oscillator.clk.eq(oscillator_pin.i),
            sync.clk.eq(clock.clock),
        ]
        return clock

    def _build_lights(self, m, platform):
        """The system's lights, and one that blinks from the board's oscillator without the PLL."""
        blink = Signal(OSCILLATOR_BITS)
        m.d.oscillator += blink.eq(blink + 1)
        connect_lights(m, platform, Cat(self.system.lights, blink[-1]))

    def _build_serial_line(self, m, platform):
        uart = platform.request("uart", dir={"rx": "-", "tx": "-", "rts": "-", "dtr": "-"})
        m.submodules.rx = rx_pin = io.Buffer("i", uart.rx)
        m.submodules.tx = tx_pin = io.Buffer("o", uart.tx)
        m.d.comb += [self.system.rx.eq(rx_pin.i), tx_pin.o.eq(self.system.tx)]
