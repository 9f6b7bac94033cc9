"""Data sets in memory: folders of pictures by class, pictures with labels.csv, CIFAR-10."""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import FirelineError
from ..network.architecture import Architecture
from . import cifar10
from .class_folders import ClassFolders, test_labels, train_classes
from .folder import TEST_FOLDERS, TRAIN_FOLDERS, entries, parts, pictures, sub_folders
from .labels import TABLE, Labelled, read_labels
from .notes import Notes
from .picture import ENDINGS, load_picture

HELD_OUT = 0.1
"""Share of each class that becomes the test set if there is no test folder."""


@dataclass(frozen=True)
class Pictures:
    """Pictures of equal size with their classes."""

    pixels: np.ndarray  # uint8 [N, H, W, C], RGB or grey
    labels: np.ndarray  # int64 [N], 0..classes-1

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """The training set, the test set and the names of the classes."""

    train: Pictures
    test: Pictures
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """How a data set is read."""

    strict: bool = False
    """Refuse pictures that would be changed; see `load_picture`."""
    tell: Callable[[str], None] = lambda line: None
    """Gets a line about each kind of change, and about what is left out."""


QUIETLY = Reading()


def load_dataset(
    folder: str | Path, architecture: Architecture, seed: int = 0, reading: Reading = QUIETLY
) -> Dataset:
    """Reads a folder to train on; the pictures are scaled to the architecture's input.

    The folder holds CIFAR-10 (binary version or PNG sheets), or one sub-folder per class, or such
    sub-folders in a training folder and a test folder (`TRAIN_FOLDERS`, `TEST_FOLDERS`). Without a
    test folder, a tenth of each class becomes the test set, drawn with the seed. Raises
    FirelineError when the folder holds none of these, the number of classes is not the
    architecture's, or the test folder has a class that the training folder has not.
    """
    folder, notes = _existing(folder), Notes()
    if cifar10.is_cifar10(folder):
        _check_cifar10(folder, architecture)
        train, test = cifar10.read_train(folder), cifar10.read_test(folder)
        return Dataset(Pictures(*train), Pictures(*test), cifar10.CLASSES)
    tests = _test_folders(folder, notes)
    root = next(iter(parts(folder, TRAIN_FOLDERS)), folder)
    found = train_classes(root, tests, architecture, notes)
    names = tuple(found)
    if tests:
        foreign = [path for path in sub_folders(tests[0]) if path.name not in names]
        if foreign:
            raise FirelineError(f"{foreign[0]}: {root} has no such class; add or remove it")
        train_files = [(path, names.index(name)) for name, own in found.items() for path in own]
        test_files = test_labels(tests[0], architecture, names, notes)
    else:
        train_files, test_files = _hold_out(root, found, seed)
    train_set = _load(train_files, architecture, reading, notes)
    test_set = _load(test_files, architecture, reading, notes)
    _tell(notes, reading)
    return Dataset(train_set, test_set, names)


def load_test(
    folder: str | Path,
    architecture: Architecture,
    names: Sequence[str] = (),
    reading: Reading = QUIETLY,
) -> Pictures:
    """Reads a folder to evaluate a network on; the pictures are scaled to its input.

    The folder holds CIFAR-10 (its test set is read), or pictures and ``labels.csv`` (see
    `read_labels`), or one sub-folder per class, in a test folder if there is one. ``names`` are
    those of the network's classes, if it has any. Raises FirelineError when it holds none of these.
    """
    folder, notes = _existing(folder), Notes()
    if cifar10.is_cifar10(folder):
        _check_cifar10(folder, architecture)
        return Pictures(*cifar10.read_test(folder))
    table = next((path for path in entries(folder) if path.name.lower() == TABLE), None)
    if table:
        files = read_labels(table, architecture.classes, names)
    else:
        tests = _test_folders(folder, notes)
        trains = parts(folder, TRAIN_FOLDERS)
        if trains and not tests:
            raise FirelineError(
                f"{folder}: has {trains[0].name}, but no test folder ({', '.join(TEST_FOLDERS)}); "
                f"add one, or name {trains[0]} to evaluate on the pictures of the training"
            )
        files = test_labels(tests[0] if tests else folder, architecture, names, notes)
    loaded = _load(files, architecture, reading, notes)
    _tell(notes, reading)
    return loaded


def load_calibration(
    folder: str | Path,
    architecture: Architecture,
    limit: int = 512,
    seed: int = 0,
    reading: Reading = QUIETLY,
) -> np.ndarray:
    """At most ``limit`` pictures of a folder, drawn with the seed, uint8 [N, H, W, C].

    The pictures need no labels and may lie at any depth; of CIFAR-10, the training set is used.
    Raises FirelineError when there are none.
    """
    folder, notes = _existing(folder), Notes()
    draw = np.random.default_rng(seed)
    if cifar10.is_cifar10(folder):
        _check_cifar10(folder, architecture)
        pixels, _ = cifar10.read_train(folder)
        return pixels[np.sort(draw.permutation(len(pixels))[:limit])]
    files = pictures(folder, notes)
    if not files:
        raise FirelineError(
            f"{folder}: holds no pictures ({' '.join(ENDINGS)})"
            f"{''.join(f'; {line}' for line in notes.lines())}; name a folder that does"
        )
    chosen = np.sort(draw.permutation(len(files))[:limit])
    loaded = _load([(files[index], 0) for index in chosen], architecture, reading, notes)
    _tell(notes, reading)
    return loaded.pixels


def may_belong(name: str) -> bool:
    """Whether a file of that name may be part of a data set."""
    path = Path(name.lower())
    return path.suffix in ENDINGS or path.name == TABLE or cifar10.is_file_of(path.name)


def _existing(folder: str | Path) -> Path:
    folder = Path(folder)
    if folder.is_file():
        raise FirelineError(f"{folder}: is a file; name a folder of pictures (unpack an archive)")
    if not folder.is_dir():
        raise FirelineError(f"{folder}: no such folder; check the path")
    return folder


def _check_cifar10(folder: Path, architecture: Architecture) -> None:
    found = (architecture.channels, architecture.height, architecture.width, architecture.classes)
    if found != (3, cifar10.SIDE, cifar10.SIDE, len(cifar10.CLASSES)):
        raise FirelineError(
            f"{folder}: CIFAR-10 has 3x32x32 pixels and 10 classes, but network "
            f"{architecture.name} takes {'x'.join(map(str, found[:3]))} and has {found[3]}; "
            "use another network or other pictures"
        )


def _test_folders(folder: Path, notes: Notes) -> list[Path]:
    """The test folder, then others that are not used; none if the folder has none."""
    tests = parts(folder, TEST_FOLDERS)
    if len(tests) > 1:
        notes.say(f"{tests[0]} is the test set; {', '.join(map(str, tests[1:]))} not used")
    for path in sub_folders(folder):
        unlabelled = path.name.lower() in TEST_FOLDERS and path not in tests
        if unlabelled and parts(folder, TRAIN_FOLDERS):
            notes.say(f"{path} has no folders of classes, so it is not the test set")
    return tests


def _hold_out(root: Path, found: ClassFolders, seed: int) -> tuple[Labelled, Labelled]:
    """Splits the pictures of each class into a training set and a test set."""
    draw = np.random.default_rng(seed)
    train, test = [], []
    for label, (name, own) in enumerate(found.items()):
        if len(own) < 2:
            raise FirelineError(
                f"{root / name}: only one picture, but the test set needs one too; add more"
            )
        count = max(1, round(HELD_OUT * len(own)))
        order = draw.permutation(len(own))
        test += [(own[index], label) for index in order[:count]]
        train += [(own[index], label) for index in order[count:]]
    return train, test


def _load(files: Labelled, architecture: Architecture, reading: Reading, notes: Notes) -> Pictures:
    shape = (architecture.height, architecture.width, architecture.channels)
    size = len(files) * math.prod(shape)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if size > memory:
        raise FirelineError(
            f"{len(files):,} pictures take {size / 1e9:,.0f} GB, but this computer has "
            f"{memory / 1e9:,.0f} GB of memory; use fewer pictures"
        )
    pixels = np.empty((len(files), *shape), np.uint8)
    for index, (path, _) in enumerate(files):
        pixels[index], changes = load_picture(path, *shape, reading.strict)
        for change in changes:
            notes.changed(change, path)
    return Pictures(pixels, np.array([label for _, label in files], np.int64))


def _tell(notes: Notes, reading: Reading) -> None:
    for line in notes.lines():
        reading.tell(line)
