"""What the self-test of a board tests; gateware and host derive it from the same three values."""

from dataclasses import dataclass

from ...errors import FirelineError
from ..boards.board import Board
from ..ecp5.pll import PLLSettings, pll_settings
from ..ecp5.sites import SITES
from ..sdram.chip import SdramCycles, SdramTiming
from ..sdram.pads import clock_lead

PLL_COUNT = {"LFE5U-12F": 2, "LFE5U-25F": 2, "LFE5U-45F": 4, "LFE5U-85F": 4}
OTHER_PLLS_MHZ = 62.5, 125.0, 130.0
"""Clocks of the PLLs beside the first one, which makes the core's."""

PATTERNS = 2

MOST_PHASES = 256
"""A line names phases by two hexadecimal digits."""

LONE_RESETS = "RST0", "RST3"
"""Reset of each DSP block in which only two multipliers are in use, the even half of the first
slice and the odd half of the second. A block has one wire for each reset, so no other multiplier of
the block may drive another one: it might hide that a lone one depends on it."""

OWN_BLOCK_RAMS = 2
"""Block RAMs of the tester itself: the texts of the lines, and the nine-bit lanes."""


@dataclass(frozen=True)
class Site:
    """A multiplier that is tested."""

    row: int
    column: int
    bel: str
    """As nextpnr calls it."""
    half: str
    """`even` or `odd`: alone in that half of its DSP slice; `both`: beside another one."""
    reset: str
    """`RST0` or `RST3`, the reset of its registers, and the clock enable of the same number."""


@dataclass(frozen=True)
class SelfTestPlan:
    """The self-test of `board` at a core clock of at most `clock_mhz`.

    `pattern`, 0 or 1, chooses the DSP blocks with lone multipliers. Both patterns together use
    every multiplier.

    Raises FirelineError if the PLL cannot make the clock, if the board's SDRAM does not run at it,
    if it has too many phases to name, or for another pattern.
    """

    board: Board
    clock_mhz: float
    pattern: int = 0

    def __post_init__(self):
        if self.pattern not in range(PATTERNS):
            raise FirelineError(f"the self-test has no pattern {self.pattern}: choose 0 or 1")
        core_mhz = self.core_mhz
        if self.has_sdram:
            SdramCycles.of(SdramTiming(), core_mhz)
            if self.phases > MOST_PHASES:
                raise FirelineError(
                    f"the self-test of the SDRAM is too slow at {core_mhz:g} MHz: ask for 20 MHz "
                    "or more"
                )

    @property
    def settings(self) -> PLLSettings:
        """Of the PLL that makes the core's clock."""
        return pll_settings(self.board.oscillator_mhz, self.clock_mhz)

    @property
    def core_mhz(self) -> float:
        """The core's clock, which may be less than `clock_mhz`."""
        return self.settings.output_mhz

    @property
    def plls(self) -> tuple[float, ...]:
        """MHz that each PLL of the die makes; the first one makes the core's clock."""
        return (self.core_mhz, *OTHER_PLLS_MHZ)[: PLL_COUNT[self.board.device]]

    @property
    def phases(self) -> int:
        """Steps of the SDRAM clock's phase in a period; each delays the clock by 1/8 of a period of
        the PLL's VCO."""
        return self.settings.steps

    home = 0
    """The step that real designs use: the phase is counted from there."""

    @property
    def lead_steps(self) -> int:
        """Steps by which the SDRAM's clock leads the core's at `home`."""
        return round(clock_lead(self.core_mhz) / self.settings.step_ns)

    @property
    def has_sdram(self) -> bool:
        return any(resource.name == "sdram" for resource in self.board.platform.resources)

    @property
    def block_rams(self) -> int:
        """Block RAMs that are tested."""
        return self.board.block_rams - OWN_BLOCK_RAMS

    @property
    def tested_sites(self) -> tuple[Site, ...]:
        """The multipliers, from left to right and from top to bottom of each column of blocks."""
        lone = {1 + 3 * n + self.pattern: reset for n, reset in enumerate(LONE_RESETS)}
        sites = []
        for number, (first, second) in enumerate(SITES[self.board.device].dsp_blocks()):
            if number in lone:
                reset = lone[number]
                sites += [Site(*first[0], "even", reset), Site(*second[1], "odd", reset)]
            else:
                sites += [Site(*site, "both", "RST3") for site in (*first, *second)]
        return tuple(sites)
