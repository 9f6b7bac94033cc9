"""What the self-test says about one part of a board."""

import enum
from collections.abc import Iterable
from dataclasses import asdict, dataclass


class State(enum.StrEnum):
    """A finding in one word or two."""

    SOUND = "sound"
    NOT_SOUND = "NOT SOUND"
    NOT_TESTED = "not tested"


@dataclass(frozen=True)
class Finding:
    """A part of the board, and in plain words what was seen of it.

    `meaning` and `advice` say what follows from it and what to do; both may be empty.
    """

    part: str
    state: State
    seen: str
    meaning: str = ""
    advice: str = ""

    def to_json(self) -> dict[str, str]:
        """The fields, for a JSON file."""
        return asdict(self)


def sound(part: str, seen: str) -> Finding:
    return Finding(part, State.SOUND, seen)


def not_sound(part: str, seen: str, meaning: str, advice: str) -> Finding:
    return Finding(part, State.NOT_SOUND, seen, meaning, advice)


def not_tested(part: str, why: str, advice: str = "") -> Finding:
    return Finding(part, State.NOT_TESTED, why, "", advice)


def listed(names: Iterable[str], most: int = 8) -> str:
    """Names in a row, "a, b and c"; of more than `most`, the first ones and how many follow."""
    all_names = list(names)
    shown = all_names[:most]
    if len(all_names) > most:
        return f"{', '.join(shown)} and {len(all_names) - most} more"
    return " and ".join(", ".join(shown).rsplit(", ", 1))
