"""The ECP5's PLL (EHXPLLL): its settings for a frequency, and the cell.

Source: Lattice FPGA-TN-02200, ECP5 and ECP5-5G sysCLOCK PLL/DLL Design and Usage Guide; limits from
FPGA-DS-02012, ECP5 and ECP5-5G Family Data Sheet, sysCLOCK PLL Timing, as other projects report
them.
"""

import math
from dataclasses import dataclass
from itertools import product

from amaranth.hdl import Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...errors import FirelineError

DETECTOR_MHZ = 10.0, 400.0  # of the phase detector; below, LOCK is reported to stay 0
VCO_MHZ = 400.0, 800.0  # of the voltage-controlled oscillator, the VCO
OUTPUT_MHZ = 3.125, 400.0
DIVIDERS = range(1, 129)

ROUNDED_MHZ = 5e-7
"""An output's frequency is rounded to 1 Hz, and asking for a rounded one must give it again."""

FINE_STEPS = 8
"""Steps of an output's phase in a period of the VCO."""


@dataclass(frozen=True)
class PLLSettings:
    """A PLL that compares its input with a feedback output of its own::

        detector   = input / input_divider = VCO / feedback_divider
        output     = VCO / output_divider

    The output does not have to be a multiple of the detector's frequency, because the feedback does
    not come from it. The detector therefore runs fast at every output frequency.
    """

    input_mhz: float
    input_divider: int
    feedback_divider: int
    output_divider: int

    @property
    def detector_mhz(self) -> float:
        return self.input_mhz / self.input_divider

    @property
    def vco_mhz(self) -> float:
        return self.detector_mhz * self.feedback_divider

    @property
    def output_mhz(self) -> float:
        return round(self.vco_mhz / self.output_divider, 6)

    @property
    def steps(self) -> int:
        """Steps of the output's phase in a period of the output."""
        return self.output_divider * FINE_STEPS

    @property
    def step_ns(self) -> float:
        """Nanoseconds of a step of the output's phase."""
        return 1000 / (self.vco_mhz * FINE_STEPS)


def _within(limits: tuple[float, float], value: float) -> bool:
    return limits[0] <= value <= limits[1]


def pll_settings(input_mhz: float, output_mhz: float) -> PLLSettings:
    """The settings for the highest clock that is not above `output_mhz`.

    From 25 MHz they come within 2 % of it up to 200 MHz. Among equal clocks the function prefers
    the fastest phase detector, then the VCO frequency nearest to the middle of its range.
    Raises FirelineError if there are none.
    """
    candidates: list[PLLSettings] = []
    in_range = _within(OUTPUT_MHZ, output_mhz)
    for input_divider, feedback_divider in product(DIVIDERS, DIVIDERS) if in_range else ():
        detector_mhz = input_mhz / input_divider
        vco_mhz = detector_mhz * feedback_divider
        if _within(DETECTOR_MHZ, detector_mhz) and _within(VCO_MHZ, vco_mhz):
            output_divider = math.ceil(vco_mhz / (output_mhz + ROUNDED_MHZ))
            if output_divider in DIVIDERS:
                candidates.append(
                    PLLSettings(input_mhz, input_divider, feedback_divider, output_divider)
                )
    if not candidates:
        raise FirelineError(
            f"the PLL cannot make {output_mhz:g} MHz from {input_mhz:g} MHz: "
            f"ask for {OUTPUT_MHZ[0]:g} to {OUTPUT_MHZ[1]:g} MHz"
        )
    return max(
        candidates,
        key=lambda settings: (
            settings.output_mhz,
            settings.detector_mhz,
            -abs(settings.vco_mhz - sum(VCO_MHZ) / 2),
        ),
    )


class PLL(wiring.Component):
    """An EHXPLLL with one or two outputs of the same frequency.

    CLKOP is the feedback, CLKOS is `clock`, CLKOS2 is `ahead`.

    Parameters
        settings: the dividers
        lead_steps: steps of `settings.step_ns` by which `ahead` leads `clock`; None for one output
        adjustable: whether `reset` and `delay_step` exist
    Members
        oscillator: in, the board's clock
        clock: out, undefined until `locked`
        ahead: out, leads `clock`; 0 without `lead_steps`
        locked: out, asynchronous; may rise early and fall again
        reset: in, asynchronous, restarts the PLL
        delay_step: in, asynchronous; its falling edge delays `ahead` by one step
    Source
        the guide, Dynamic Phase Adjustment; the levels of PHASESEL and PHASEDIR as Project Trellis'
        ecppll writes them
    """

    def __init__(
        self, settings: PLLSettings, lead_steps: int | None = None, *, adjustable: bool = False
    ):
        self.settings = settings
        self.lead_steps = lead_steps
        self.adjustable = adjustable
        ports = {"oscillator": In(1), "clock": Out(1), "ahead": Out(1), "locked": Out(1)}
        super().__init__(ports | ({"reset": In(1), "delay_step": In(1)} if adjustable else {}))

    def elaborate(self, platform):
        m = Module()
        feedback = Signal()
        outputs = self._output("CLKOP", self.settings.feedback_divider, 0)
        outputs |= self._output("CLKOS", self.settings.output_divider, 0)
        outputs |= {"o_CLKOP": feedback, "i_CLKFB": feedback, "o_CLKOS": self.clock}
        if self.lead_steps is not None:
            delay = -self.lead_steps % self.settings.steps
            outputs |= self._output("CLKOS2", self.settings.output_divider, delay)
            outputs |= {"o_CLKOS2": self.ahead}
        m.submodules.cell = Instance(
            "EHXPLLL",
            p_CLKI_DIV=self.settings.input_divider,
            p_CLKFB_DIV=1,
            p_FEEDBK_PATH="CLKOP",
            p_PLLRST_ENA="ENABLED" if self.adjustable else "DISABLED",
            p_INTFB_WAKE="DISABLED",
            p_STDBY_ENABLE="DISABLED",
            p_DPHASE_SOURCE="ENABLED" if self.adjustable else "DISABLED",
            a_FREQUENCY_PIN_CLKI=f"{self.settings.input_mhz:g}",
            a_FREQUENCY_PIN_CLKOP=f"{self.settings.detector_mhz:g}",
            a_FREQUENCY_PIN_CLKOS=f"{self.settings.output_mhz:g}",
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            a_MFG_ENABLE_FILTEROPAMP="1",
            a_MFG_GMCREF_SEL="2",
            i_CLKI=self.oscillator,
            i_RST=self.reset if self.adjustable else 0,
            i_STDBY=0,
            i_PHASESEL0=1,  # CLKOS2
            i_PHASESEL1=0,
            i_PHASEDIR=0,  # later
            i_PHASESTEP=self.delay_step if self.adjustable else 1,
            i_PHASELOADREG=1,
            i_PLLWAKESYNC=0,
            i_ENCLKOP=0,
            o_LOCK=self.locked,
            **outputs,
        )
        return m

    def _output(self, name: str, divider: int, delay: int) -> dict:
        """The parameters of an output that lags the others by `delay` steps.

        CPHASE counts periods of the VCO from half a period of the output on, as Lattice's tool
        writes it; FPHASE counts eighths.
        """
        coarse, fine = divmod(delay, FINE_STEPS)
        return {
            f"p_{name}_ENABLE": "ENABLED",
            f"p_{name}_DIV": divider,
            f"p_{name}_CPHASE": (divider - 1) // 2 + coarse,
            f"p_{name}_FPHASE": fine,
        }
