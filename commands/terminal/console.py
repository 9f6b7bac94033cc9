"""Where commands print: text is never markup, and never acts on the terminal."""

from typing import Any

from rich.console import Console
from rich.text import Text

from ...host.printable import printable

WIDTH = 120  # of output that does not go to a terminal


class PlainConsole(Console):
    """A console that prints every text as it is, with control characters as escapes.

    File names and class names come from others: ``[red]cat`` and ``:cat:`` are names.
    """

    def __init__(self, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)
        if not self.is_terminal:
            self.width = WIDTH

    def on_broken_pipe(self) -> None:
        """Lets `FirelineGroup` end the command, whoever printed."""
        raise BrokenPipeError

    def render_str(self, text: str, **options: Any) -> Text:
        """Renders a text; everything that is printed as a `str` passes here."""
        return super().render_str(printable(text), **options)
