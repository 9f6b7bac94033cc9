"""Foreign text, such as a file's name or a class's name, made safe for a terminal or a page."""

import unicodedata

UNSAFE = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode's categories of controls, halves of surrogate pairs, line and paragraph separators."""


def printable(text: str) -> str:
    r"""The text with escapes such as ``\x1b`` or ``\n`` in place of what acts on a terminal."""
    if text.isprintable():
        return text
    return "".join(
        repr(each)[1:-1] if unicodedata.category(each) in UNSAFE else each for each in text
    )
