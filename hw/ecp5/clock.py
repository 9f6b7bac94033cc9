"""The core's clock on an ECP5: the PLL, and its settings for a frequency.

Source: Lattice FPGA-TN-02200, ECP5 and ECP5-5G sysCLOCK PLL/DLL Design and Usage Guide; limits from
FPGA-DS-02012, ECP5 and ECP5-5G Family Data Sheet, sysCLOCK PLL Timing.
"""

from dataclasses import dataclass

from amaranth.hdl import ClockDomain, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from ...errors import FirelineError

PHASE_MHZ = 3.125, 400.0  # of the phase detector: lowest, highest
OSCILLATOR_MHZ = 400.0, 800.0  # of the internal oscillator
OUTPUT_MHZ = 3.125, 400.0
DIVIDERS = range(1, 129)


@dataclass(frozen=True)
class PLLSettings:
    """``output = input / input_divider * feedback_divider = oscillator / output_divider``."""

    input_mhz: float
    input_divider: int
    feedback_divider: int
    output_divider: int

    @property
    def phase_mhz(self) -> float:
        return self.input_mhz / self.input_divider

    @property
    def output_mhz(self) -> float:
        return round(self.phase_mhz * self.feedback_divider, 6)

    @property
    def oscillator_mhz(self) -> float:
        return self.output_mhz * self.output_divider


def pll_settings(input_mhz: float, output_mhz: float) -> PLLSettings:
    """The settings for the highest clock that is not above `output_mhz`.

    Among equal clocks it prefers the fastest phase detector, then the oscillator frequency nearest
    to the middle of its range. Raises FirelineError if there are none.
    """
    candidates = []
    for input_divider in DIVIDERS:
        for output_divider in DIVIDERS:
            feedback_divider = int(output_mhz * input_divider / input_mhz + 1e-9)
            settings = PLLSettings(input_mhz, input_divider, feedback_divider, output_divider)
            if (
                feedback_divider in DIVIDERS
                and PHASE_MHZ[0] <= settings.phase_mhz <= PHASE_MHZ[1]
                and OUTPUT_MHZ[0] <= settings.output_mhz <= OUTPUT_MHZ[1]
                and OSCILLATOR_MHZ[0] <= settings.oscillator_mhz <= OSCILLATOR_MHZ[1]
            ):
                candidates.append(settings)
    if not candidates:
        raise FirelineError(
            f"the PLL cannot make {output_mhz:g} MHz from {input_mhz:g} MHz: "
            f"ask for {OUTPUT_MHZ[0]:g} to {OUTPUT_MHZ[1]:g} MHz"
        )
    return max(
        candidates,
        key=lambda settings: (
            settings.output_mhz,
            settings.phase_mhz,
            -abs(settings.oscillator_mhz - sum(OSCILLATOR_MHZ) / 2),
        ),
    )


class PLL(wiring.Component):
    """Makes the core's clock, which starts only when the PLL has locked.

    The core therefore starts from its initial state and needs no reset across the die. Place and
    route derive the new clock's constraint from the oscillator's.

    Parameters
        settings: of the PLL
        lead: nanoseconds by which `ahead` leads `clock`, rounded to whole periods of the internal
            oscillator; 0 for no second clock
    Members
        oscillator: in, the board's clock
        clock: out, the core's clock, held low until the PLL has locked
        ahead: out, the same clock `lead` earlier, never held
    Latency
        3 cycles of the PLL's clock from its lock to `clock`
    """

    oscillator: In(1)
    clock: Out(1)
    ahead: Out(1)

    def __init__(self, settings: PLLSettings, lead: float = 0):
        self.settings = settings
        self.lead_steps = round(lead * settings.oscillator_mhz / 1000)
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.domains.unheld = unheld = ClockDomain(reset_less=True, local=True)
        locked, steady = Signal(), Signal()
        m.submodules.steady = FFSynchronizer(locked, steady, o_domain="unheld", stages=3)
        m.submodules.gate = Instance("DCCA", i_CLKI=unheld.clk, i_CE=steady, o_CLKO=self.clock)
        settings = self.settings
        phase = (settings.output_divider - 1) // 2
        second = {}
        if self.lead_steps:
            second = {
                "p_CLKOS_DIV": settings.output_divider,
                "p_CLKOS_CPHASE": phase + settings.output_divider - self.lead_steps,
                "p_CLKOS_FPHASE": 0,
                "p_CLKOS_ENABLE": "ENABLED",
                "o_CLKOS": self.ahead,
            }
        m.submodules.pll = Instance(
            "EHXPLLL",
            p_CLKI_DIV=settings.input_divider,
            p_CLKFB_DIV=settings.feedback_divider,
            p_CLKOP_DIV=settings.output_divider,
            p_CLKOP_CPHASE=phase,
            p_CLKOP_FPHASE=0,
            p_CLKOP_ENABLE="ENABLED",
            p_FEEDBK_PATH="CLKOP",
            p_PLLRST_ENA="DISABLED",
            p_INTFB_WAKE="DISABLED",
            p_STDBY_ENABLE="DISABLED",
            p_DPHASE_SOURCE="DISABLED",
            a_FREQUENCY_PIN_CLKI=f"{settings.input_mhz:g}",
            a_FREQUENCY_PIN_CLKOP=f"{settings.output_mhz:g}",
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            a_MFG_ENABLE_FILTEROPAMP="1",
            a_MFG_GMCREF_SEL="2",
            i_CLKI=self.oscillator,
            i_CLKFB=unheld.clk,
            i_RST=0,
            i_STDBY=0,
            i_PHASESEL0=0,
            i_PHASESEL1=0,
            i_PHASEDIR=1,
            i_PHASESTEP=1,
            i_PHASELOADREG=1,
            i_PLLWAKESYNC=0,
            i_ENCLKOP=0,
            o_CLKOP=unheld.clk,
            o_LOCK=locked,
            **second,
        )
        return m
