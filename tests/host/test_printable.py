"""What acts on a terminal is shown as an escape; everything else stays as it is."""

import pytest
from fireline.host.printable import printable


@pytest.mark.parametrize("text", ["", "cat", "Größe 猫 🐱", "a b\u00a0c", "[red]cat[/]", "👩‍🔬"])
def test_text_stays(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    "text, shown",
    [
        ("a\nb", r"a\nb"),
        ("\x1b[2Jcat", r"\x1b[2Jcat"),
        ("a\r\tb", r"a\r\tb"),
        ("\x9b31m", r"\x9b31m"),
        ("\x00", r"\x00"),
        ("a\udcffb", r"a\udcffb"),
        ("a\u2028b", r"a\u2028b"),
    ],
)
def test_what_acts_on_a_terminal_is_escaped(text, shown):
    assert printable(text) == shown
