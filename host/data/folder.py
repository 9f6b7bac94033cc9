"""What counts in a folder of pictures: what is visible, what is a picture, what is a test set.

Symbolic links are followed everywhere. Hidden files and folders, and those that operating systems
and file managers leave, do not count.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...errors import FirelineError
from . import foreign
from .notes import Notes
from .picture import ENDINGS

LEFT_BEHIND = {
    "__macosx",
    "@eadir",
    "#recycle",
    "$recycle.bin",
    "desktop.ini",
    "ehthumbs.db",
    "lost+found",
    "system volume information",
    "thumbs.db",
}
"""Names, in lower case, of what macOS, Windows, Linux and network drives leave in a folder."""
TRAIN_FOLDERS = ("train", "training")
TEST_FOLDERS = ("test", "testing", "valid", "val", "validation")
"""Names, in any case; of several, the first is used."""


def is_visible(name: str) -> bool:
    """Whether a file or folder of that name counts."""
    return not name.startswith(".") and name.lower() not in LEFT_BEHIND


def entries(folder: Path) -> list[Path]:
    """What is visible in a folder, sorted by name. Raises FirelineError if it cannot be read."""
    try:
        return sorted(folder / name for name in os.listdir(folder) if is_visible(name))
    except OSError as error:
        raise FirelineError(f"{folder}: {error.strerror}; check the path") from error


def sub_folders(folder: Path) -> list[Path]:
    """The visible folders in a folder, sorted by name."""
    return [path for path in entries(folder) if path.is_dir()]


def pictures(folder: Path, notes: Notes) -> list[Path]:
    """The pictures in a folder at any depth, sorted; `notes` gets those that cannot be read.

    A link to a folder around it is not followed, because the other classes lie there.
    """
    found = []
    around = {_identity(parent) for parent in folder.absolute().parents}
    for path in _files(folder, around):
        ending = path.suffix.lower()
        if ending in ENDINGS:
            found.append(path)
        elif ending in foreign.ENDINGS:
            notes.count(f"{ending} {{files}} not read; convert them to JPEG or PNG", path)
    return sorted(found)


def _files(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    """Everything visible below a folder but folders; each folder once, so that links may loop."""
    identity = _identity(folder)
    if identity in seen:
        return
    seen.add(identity)
    for path in entries(folder):
        if path.is_dir():
            yield from _files(path, seen)
        else:
            yield path


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def parts(folder: Path, names: Sequence[str]) -> list[Path]:
    """The sub-folders of these names that hold class folders, in the order of the names."""
    found = [path for path in sub_folders(folder) if path.name.lower() in names]
    found = [path for path in found if sub_folders(path)]
    return sorted(found, key=lambda path: names.index(path.name.lower()))
