"""The boards that Fireline knows, and the design's top on them."""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import ClockDomain, Elaboratable, Module
from amaranth.lib import io, wiring
from amaranth_boards import ulx3s

from ..errors import FirelineError
from .ecp5.clock import PLL, pll_settings
from .link.protocol import Identity
from .program import ArrayShape
from .sdram.contents import SdramContents
from .sdram.pads import CLOCK_LEAD, SdramPads
from .system import BAUD, SerialSystem, divisor_of, streamed_weights


@dataclass(frozen=True)
class Board:
    """A board, and what its FPGA has."""

    name: str
    device: str
    package: str
    speed_grade: str
    luts: int
    multipliers: int
    block_rams: int
    array: ArrayShape
    """The array to start from."""
    clock_mhz: float
    """The core's clock to start from."""
    platform: Any
    """Amaranth's class with the pins."""
    block_ram_bits: int = 18 * 1024
    oscillator_mhz: float = 25.0
    flash_name: str = "ulx3s"
    """What openFPGALoader calls it."""


def _ulx3s(size, luts, multipliers, block_rams, array, platform) -> Board:
    return Board(
        name=f"ulx3s-{size.lower()}",
        device=f"LFE5U-{size}",
        package="CABGA381",
        speed_grade="6",
        luts=luts,
        multipliers=multipliers,
        block_rams=block_rams,
        array=array,
        clock_mhz=100.0,
        platform=platform,
    )


BOARDS = {
    board.name: board
    for board in (
        _ulx3s("12F", 24_288, 28, 56, ArrayShape(8, 8), ulx3s.ULX3S_12F_Platform),
        _ulx3s("25F", 24_288, 28, 56, ArrayShape(8, 8), ulx3s.ULX3S_25F_Platform),
        _ulx3s("45F", 43_848, 72, 108, ArrayShape(16, 8), ulx3s.ULX3S_45F_Platform),
        _ulx3s("85F", 83_640, 156, 208, ArrayShape(16, 16), ulx3s.ULX3S_85F_Platform),
    )
}


def find_board(name: str) -> Board:
    """The board of this name."""
    if name not in BOARDS:
        raise FirelineError(f"there is no board {name!r}: choose one of {', '.join(BOARDS)}")
    return BOARDS[name]


class BoardTop(Elaboratable):
    """A core on a board: its clock, its serial line, its lights.

    ``clock_mhz`` (the board's own when not given) is rounded down to what the PLL can make; the
    attribute of that name says what came of it. With an ``image``, the core's classifier gets its
    weights from the board's SDRAM. Raises FirelineError for a clock that does not suit.
    """

    def __init__(
        self,
        board: Board,
        core: wiring.Component,
        identity: Identity,
        clock_mhz: float | None = None,
        baud: int = BAUD,
        image: SdramContents | None = None,
    ):
        self.board = board
        self.baud = baud
        self.settings = pll_settings(board.oscillator_mhz, clock_mhz or board.clock_mhz)
        self.clock_mhz = self.settings.output_mhz
        self.weights = streamed_weights(image, self.clock_mhz) if image else None
        divisor = divisor_of(self.clock_mhz, baud)
        self.system = SerialSystem(core, identity, divisor, self.weights)

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = sync = ClockDomain(reset_less=True)
        m.submodules.pll = pll = PLL(self.settings, CLOCK_LEAD if self.weights else 0)
        m.submodules.system = system = self.system
        uart = platform.request("uart", dir={"rx": "-", "tx": "-", "rts": "-", "dtr": "-"})
        oscillator = platform.request(platform.default_clk, dir="-")
        m.submodules.oscillator = oscillator_pin = io.Buffer("i", oscillator)
        m.submodules.rx = rx_pin = io.Buffer("i", uart.rx)
        m.submodules.tx = tx_pin = io.Buffer("o", uart.tx)

        m.d.comb += [
            pll.oscillator.eq(oscillator_pin.i),
            sync.clk.eq(pll.clock),
            system.rx.eq(rx_pin.i),
            tx_pin.o.eq(system.tx),
        ]
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
