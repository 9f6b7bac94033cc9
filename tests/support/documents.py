"""The documents, and what is found in them."""

import re
import shlex
from pathlib import Path

from support.paths import ROOT

README = ROOT / "README.md"
MEASUREMENTS = ROOT / "docs" / "measurements.md"
DOCUMENTS = (
    README,
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "examples" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
)


def title(file: Path) -> str:
    """A document's path in the tree."""
    return str(file.relative_to(ROOT))


def blocks(file: Path, language: str) -> list[str]:
    """The contents of a document's blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", file.read_text(), re.M | re.S)


def commands(*files: Path) -> list[list[str]]:
    """The commands in the shell blocks, in order, each once, as words."""
    text = "".join("".join(blocks(file, "sh")) for file in files).replace("\\\n", " ")
    return [shlex.split(line) for line in dict.fromkeys(text.splitlines())]


def links(file: Path) -> list[str]:
    """What a document links to, web addresses left out."""
    found = re.findall(r"\]\(([^)\s]+)\)", file.read_text())
    return [target for target in found if "://" not in target]


def anchors(file: Path) -> set[str]:
    """The anchors that GitHub gives a document's headings."""
    text = re.sub(r"^```.*?^```", "", file.read_text(), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def quoted(file: Path) -> list[str]:
    """What a document has in backticks, blocks of code left out."""
    text = re.sub(r"^```.*?^```", "", file.read_text(), flags=re.M | re.S)
    return re.findall(r"`([^`\n]+)`", text)


def table_rows(file: Path) -> list[str]:
    """The rows of a document's tables."""
    return [line for line in file.read_text().splitlines() if line.startswith("|")]
