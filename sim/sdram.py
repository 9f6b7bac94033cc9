"""The SDRAM's model as a component, with the I/O registers of a real board's pads."""

from array import array
from importlib import resources

from amaranth.hdl import ClockSignal, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from ..hw.lib.delay import delay
from ..hw.sdram.chip import BURST_WORDS, WORD_BITS, SdramGeometry, SdramTiming
from ..hw.sdram.controller import PINS

SOURCE = "sdram_model.sv"


def model_source() -> str:
    """The SystemVerilog of the module `sdram_model`."""
    return resources.files(__package__).joinpath(SOURCE).read_text()


def contents_text(contents: bytes, geometry: SdramGeometry) -> str:
    """The file for the model's +sdram_contents: 16-bit words at the controller's addresses."""
    words, size = array("H", contents), BURST_WORDS
    lines = []
    for burst in range(len(words) // size):
        place, bank = divmod(burst, geometry.banks)
        row, column = divmod(place, geometry.columns // size)
        address = (bank * geometry.rows + row) * geometry.columns + column * size
        found = " ".join(f"{word:04x}" for word in words[burst * size :][:size])
        lines.append(f"@{address:x} {found}\n")
    return "".join(lines)


class SimulatedSdram(wiring.Component):
    """An SDRAM chip for the pins of an `SdramController`.

    It instantiates the module of `model_source`, which checks the timings of every command.

    Parameters
        geometry: banks, rows and columns
        timing, clock_mhz: what the model checks; independent of the controller's own
    Members
        pins: In, the controller's pins
    """

    def __init__(self, geometry: SdramGeometry, timing: SdramTiming, clock_mhz: float):
        self.geometry, self.timing, self.clock_mhz = geometry, timing, clock_mhz
        super().__init__({"pins": In(PINS)})

    def elaborate(self, platform):
        m = Module()
        geometry, timing, pins = self.geometry, self.timing, self.pins
        times = ("power_up", "rcd", "rp", "ras", "rc", "rfc", "rrd", "wr", "refresh")
        dq = Signal(WORD_BITS)
        m.submodules.chip = Instance(
            "sdram_model",
            p_BANKS=geometry.banks,
            p_ROWS=geometry.rows,
            p_COLUMNS=geometry.columns,
            p_PERIOD=round(1e6 / self.clock_mhz),
            p_T_CK3=round(1000 * timing.ck),
            p_MRD_CYCLES=timing.mrd_cycles,
            **{f"p_T_{name.upper()}": round(1000 * getattr(timing, name)) for name in times},
            i_clk=ClockSignal(),
            i_command=delay(m, pins.command, 1, reset_less=False),
            i_bank=delay(m, pins.bank, 1),
            i_address=delay(m, pins.address, 1),
            i_mask=delay(m, pins.mask, 1),
            i_dq_i=delay(m, pins.dq_o, 1),
            i_dq_oe=delay(m, pins.dq_oe, 1, reset_less=False),
            o_dq_o=dq,
        )
        m.d.sync += pins.dq_i.eq(dq)
        return m
