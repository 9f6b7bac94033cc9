"""What `fireline doctor` finds: one check after the other, each with what to do."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """What a check found."""

    GOOD = "good"
    MISSING = "missing"  # `fireline build` or `fireline flash` needs it
    WRONG = "wrong"  # it is there, but does not work as it is
    BETTER = "could be better"  # it works
    NOT_NEEDED = "not needed"  # it is missing, or of no use; building and flashing need it not
    UNKNOWN = "not looked at"  # this system does not show it


@dataclass(frozen=True)
class Check:
    """A row of the table."""

    name: str
    state: State
    found: str
    """Versions, names or numbers, for the user and for a report."""
    advice: str = ""
    """What to do, a sentence; empty if there is nothing to do."""
    commands: tuple[str, ...] = ()
    """Lines to copy into a shell, for the advice."""

    @property
    def stops(self) -> bool:
        """Whether a board cannot be built for or loaded before this is mended."""
        return self.state in (State.MISSING, State.WRONG)
