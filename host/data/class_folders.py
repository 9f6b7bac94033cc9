"""A sub-folder for each class: which folders are classes, and with which numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import FirelineError
from ..network.architecture import Architecture
from ..printable import printable
from .folder import entries, pictures, sub_folders
from .labels import Labelled
from .notes import Notes
from .picture import ENDINGS

ClassFolders = Mapping[str, Sequence[Path]]
"""The pictures of each class folder, at any depth, by its name in alphabetical order."""


def train_classes(
    root: Path, others: Sequence[Path], architecture: Architecture, notes: Notes
) -> ClassFolders:
    """The class folders of a folder to train on, without the folders ``others``.

    Raises FirelineError when there are not as many as the architecture has classes, or when one
    holds no pictures.
    """
    found = _as_many(root, _class_folders(root, others, notes), architecture, notes)
    for name, own in found.items():
        if not own:
            raise FirelineError(
                f"{root / name}: holds no pictures of this class ({' '.join(ENDINGS)}); add some"
            )
    return found


def test_labels(
    root: Path, architecture: Architecture, names: Sequence[str], notes: Notes
) -> Labelled:
    """The pictures of a folder to test on, with their classes.

    If each folder is named as one of the network's classes (``names``), the names give the
    classes, and some may be absent. Otherwise the folders are classes 0, 1, ... in alphabetical
    order. Raises FirelineError when there are not as many as the architecture has classes.
    """
    found = _class_folders(root, (), notes)
    if found and set(found) <= set(names):
        missing = [name for name in names if name not in found]
        if missing:
            notes.say(f"{root}: no pictures of {', '.join(missing)}")
    else:
        found = _as_many(root, found, architecture, notes)
        if names:
            pairs = (f"{name} is {label}" for name, label in zip(found, names, strict=True))
            notes.say(
                f"{root}: its folders are not named as the network's classes, so they count in "
                f"alphabetical order: {', '.join(list(pairs)[:3])} ..."
            )
        names = tuple(found)
    for name, own in found.items():
        if not own:
            notes.say(f"{root / name}: holds no pictures")
    labelled = [(path, names.index(name)) for name, own in found.items() for path in own]
    if not labelled:
        raise FirelineError(f"{root}: holds no pictures ({' '.join(ENDINGS)}); check the path")
    return labelled


def _class_folders(root: Path, others: Sequence[Path], notes: Notes) -> ClassFolders:
    folders = [path for path in sub_folders(root) if path not in others]
    return {printable(path.name): pictures(path, notes) for path in folders}


def _as_many(
    root: Path, found: ClassFolders, architecture: Architecture, notes: Notes
) -> ClassFolders:
    """The folders, if they are as many as classes; empty ones are left out if there are too many.

    Raises FirelineError if neither number fits.
    """
    wanted = architecture.classes
    filled = {name: own for name, own in found.items() if own}
    if len(found) == wanted:
        return found
    if len(filled) == wanted:
        for name in found.keys() - filled.keys():
            notes.say(f"{root / name}: holds no pictures, so it is not a class")
        return filled
    inner = [path for path in sub_folders(root) if len(sub_folders(path)) == wanted]
    if inner:
        advice = f"{inner[0]} has as many: name that folder"
    elif not found and any(path.suffix.lower() in ENDINGS for path in entries(root)):
        advice = "move the pictures of each class into a folder of their own"
    elif not filled:
        advice = f"check the path; pictures are {' '.join(ENDINGS)} files"
    else:
        advice = f"use a TOML file with classes = {len(filled)}"
    raise FirelineError(
        f"{root}: {len(found)} class folders{_listed(found)}, but network {architecture.name} has "
        f"{wanted} classes; {advice}"
    )


def _listed(found: ClassFolders) -> str:
    """The first names, and which of them are empty."""
    if not found:
        return ""
    names = [name if own else f"{name} without pictures" for name, own in found.items()]
    return f" ({', '.join(names[:5])}{', ...' if len(names) > 5 else ''})"
