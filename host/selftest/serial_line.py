"""Judges the serial line: lines that arrived broken, and echoes at higher bit rates."""

from dataclasses import asdict, dataclass

from .finding import Finding, not_sound, not_tested, sound

CABLE = "use a shorter cable without a hub"


@dataclass(frozen=True)
class EchoResult:
    """What came back of bytes sent at a bit rate.

    `answered` tells whether the board announced the echo. `received` counts bytes that came back,
    and `wrong` those of them that differ from what was sent at their place. `arrived` and `framing`
    are the board's count of bytes and of framing errors, None if its line about them is missing.
    """

    baud: int
    sent: int
    answered: bool
    received: int = 0
    wrong: int = 0
    arrived: int | None = None
    framing: int | None = None

    def to_json(self) -> dict[str, object]:
        """The fields, for a JSON file."""
        return asdict(self)


def judge_text(sound_lines: int, broken: int, baud: int) -> Finding:
    """The finding about the lines of text."""
    part = f"serial line, {baud / 1e6:g} Mbaud"
    if broken:
        return not_sound(
            part,
            f"{broken:,} of {sound_lines + broken:,} lines arrived broken",
            "bits are lost between board and computer; broken lines were not used",
            f"{CABLE}; close other programs that use the port",
        )
    return sound(part, f"{sound_lines:,} lines, none broken")


def judge_echo(echo: EchoResult) -> Finding:
    """The finding about an echo."""
    part = f"serial line, {echo.baud / 1e6:g} Mbaud"
    if not echo.answered:
        return not_sound(
            part,
            "the board did not answer the request for an echo",
            "the board prints but does not hear",
            "close other programs that use the port; load the bitstream again; send the results",
        )
    lost = echo.sent - echo.received
    if not lost and not echo.wrong:
        return sound(part, f"{echo.sent:,} bytes came back, all right")
    seen = f"of {echo.sent:,} bytes {lost:,} were lost and {echo.wrong:,} came back wrong"
    if echo.arrived is not None and (echo.framing or echo.arrived != echo.sent):
        where = (
            f"the board got {echo.arrived:,} bytes with {echo.framing:,} framing errors: bits are "
            "lost on the way to it"
        )
    elif echo.arrived is not None and lost:
        where = "the board got every byte: bits are lost on the way from it"
    else:
        where = "bits change on the way, it cannot be said in which direction"
    return not_sound(part, seen, where, f"{CABLE}; do not use this bit rate")


def echo_not_tested(baud: int, why: str) -> Finding:
    return not_tested(f"serial line, {baud / 1e6:g} Mbaud", why)
