"""What a sound board prints in the self-test, for tests to change."""

from collections.abc import Iterable

from fireline.hw.boards import find_board
from fireline.hw.selftest.plan import SelfTestPlan

PLAN = SelfTestPlan(find_board("ulx3s-25f"), 100.0, 0)


def line(body: str) -> bytes:
    """A line with its checksum."""
    total = 0
    for byte in f"{body} ".encode():
        total ^= byte
    return f"{body} *{total:02x}\r\n".encode()


def round_of(plan: SelfTestPlan, number: int = 0, **changed: str) -> dict[str, str]:
    """The lines of a round by a short name, such as `pll0` or `eye08`; `changed` replaces some.

    An empty text leaves a line out. The eye is open from 12 steps before the designs' phase to 11
    after it.
    """
    activity = number % 5 * 25
    lines = {
        "selftest": f"selftest version=1 board={plan.board.name} mhz={plan.core_mhz:g} "
        f"pattern={plan.pattern} round={number:04x}",
    }
    for each, mhz in enumerate(plan.plls):
        lines[f"pll{each}"] = pll(each, mhz)
    for first in range(0, len(plan.tested_sites), 32):
        lines[f"multipliers{first:02x}"] = (
            f"multipliers from={first:02x} wrong=00000000 zero=00000000 tests=0100"
        )
    for first in range(0, plan.block_rams, 32):
        lines[f"block_rams{first:02x}"] = f"block_rams from={first:02x} wrong=00000000 reads=0100"
    lines["lanes"] = "lanes errors=0000 tests=0400"
    if plan.has_sdram:
        lines["sdram"] = f"sdram phases={plan.phases:02x} home={plan.home:02x} tests=0040"
        lines |= eye_lines(open_eye(plan, -12, 12))
        lines["size"] = "size alive=1fffff"
    lines["die"] = f"die code=9e activity={activity:02x}"
    assert changed.keys() <= lines.keys()
    return {name: text for name, text in (lines | changed).items() if text}


def pll(number: int, mhz: float, **changed: str) -> str:
    """The line of a sound PLL, with some values changed."""
    values = {
        "number": f"{number}",
        "mhz": f"{mhz:g}",
        "locked": "1",
        "losses": "00",
        "relocks": "0040",
        "shortest": "00a00",
        "longest": "00c80",
        "khz": f"{round(1000 * mhz):06x}",
    }
    return f"pll {' '.join(f'{key}={value}' for key, value in (values | changed).items())}"


def open_eye(plan: SelfTestPlan, start: int, stop: int, dead: int = 0) -> list[int]:
    """A mask of failing data lines for each phase: none from `start` on, before `stop`."""
    phases = plan.phases
    inside = {phase % phases for phase in range(start, stop)}
    return [dead if phase in inside else 0xFFFF for phase in range(phases)]


def eye_lines(masks: list[int]) -> dict[str, str]:
    """The lines of the whole eye, for `round_of`; `masks` are of all phases, a multiple of 8."""
    return {
        f"eye{first:02x}": f"eye from={first:02x} bad="
        + ",".join(f"{mask:04x}" for mask in masks[first : first + 8])
        for first in range(0, len(masks), 8)
    }


def text_of(rounds: Iterable[dict[str, str]]) -> bytes:
    """The bytes of rounds."""
    return b"".join(line(body) for each in rounds for body in each.values())
