"""How long the self-test waits and measures, in cycles of the board's oscillator."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Times:
    """The times of the control, in cycles of the oscillator; a simulation shortens them."""

    microsecond: int
    """A bit of the serial line at 1 Mbaud."""
    pause: int
    """From line to line, at least."""
    patience: int
    """For which a line's test may run; then the line is printed without it."""
    pll_reset: int
    """For which a PLL is reset."""
    pll_give_up: int
    """For which a PLL may take to lock."""
    steady: int
    """For which a PLL is locked before its clock is used."""
    window: int
    """In which a PLL's clock is counted."""
    settle: int
    """After a step of the phase, and of a reset of the core's clock domain."""
    echo_silence: int
    """Without a byte, at the end of an echo."""

    @classmethod
    def of(cls, oscillator_mhz: float) -> "Times":
        """Those of a board."""
        millisecond = round(1000 * oscillator_mhz)
        return cls(
            microsecond=round(oscillator_mhz),
            pause=100 * millisecond,
            patience=200 * millisecond,
            pll_reset=millisecond // 100,
            pll_give_up=1 << 19,
            steady=1 << 16,
            window=millisecond,
            settle=millisecond // 100,
            echo_silence=250 * millisecond,
        )
