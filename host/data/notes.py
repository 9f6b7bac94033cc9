"""Notes on many pictures, counted: one line for each kind."""

from pathlib import Path

from .picture import Change


class Notes:
    """Counts what happened to pictures."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._counts: dict[str, int] = {}
        self._first: dict[str, Path] = {}

    def say(self, line: str) -> None:
        """Adds a line of its own."""
        self._lines.append(line)

    def count(self, text: str, path: Path) -> None:
        """Counts a picture; ``text`` has {files} or {pictures} where that word comes."""
        self._counts[text] = self._counts.get(text, 0) + 1
        self._first.setdefault(text, path)

    def changed(self, change: Change, path: Path) -> None:
        """Counts a picture that was changed to fit a network's input."""
        self.count(f"{change.kind} {{pictures}} {change.made}".strip(), path)

    def lines(self) -> list[str]:
        """All notes, such as "12 grey pictures repeated over three channels, first a.png"."""
        return self._lines + [
            f"{count:,} {text.format(pictures='pictures', files='files')}, first {first}"
            if count > 1
            else f"1 {text.format(pictures='picture', files='file')}: {first}"
            for (text, count), first in zip(self._counts.items(), self._first.values(), strict=True)
        ]
