"""Labelled pictures in memory: image folders, folders with labels.csv, and CIFAR-10."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import FirelineError
from ..network.architecture import Architecture
from . import cifar10
from .picture import load_picture

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".webp")
TEST_FOLDERS = ("test", "val")
HELD_OUT = 0.1  # share of every class to test on when there is no test folder
Labelled = list[tuple[Path, int]]  # files with their classes


@dataclass(frozen=True)
class Pictures:
    """Pictures of one size with their classes."""

    pixels: np.ndarray  # uint8 [N, H, W, C], RGB or grey
    labels: np.ndarray  # int64 [N], 0..classes-1

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """Pictures to train on, pictures to test on, and the names of their classes."""

    train: Pictures
    test: Pictures
    classes: tuple[str, ...]


def load_dataset(folder: str | Path, architecture: Architecture, seed: int = 0) -> Dataset:
    """Reads a folder to train on, its pictures brought to the architecture's size.

    It is CIFAR-10 (binary version or PNG sheets), or has one sub-folder a class, or has such
    folders in ``train`` and ``test`` (or ``val``). Without a test folder a tenth of every class,
    drawn by the seed, is held out. Raises FirelineError when it is none of these or the number
    of classes is not the architecture's.
    """
    folder = _existing(folder)
    if cifar10.is_cifar10(folder):
        _check_cifar10(folder, architecture)
        train, test = cifar10.read_train(folder), cifar10.read_test(folder)
        return Dataset(Pictures(*train), Pictures(*test), cifar10.CLASSES)
    root = folder / "train" if (folder / "train").is_dir() else folder
    classes = _class_names(root, architecture)
    files = _labelled_by_folder(root, classes)
    test_folder = _test_folder(folder)
    if test_folder == folder:
        train_files, test_files = _hold_out(files, seed)
    else:
        train_files, test_files = files, _labelled_by_folder(test_folder, classes)
    return Dataset(_load(train_files, architecture), _load(test_files, architecture), classes)


def load_test(folder: str | Path, architecture: Architecture) -> Pictures:
    """Reads the labelled pictures of a folder to evaluate a network on.

    It is CIFAR-10 (its test part), or has ``labels.csv`` (columns ``file``, ``class``: a number
    from 0 on) beside the pictures, or has one sub-folder a class (in ``test`` or ``val``, if there
    is one). Raises FirelineError when it is none of these.
    """
    folder = _existing(folder)
    if cifar10.is_cifar10(folder):
        _check_cifar10(folder, architecture)
        return Pictures(*cifar10.read_test(folder))
    table = folder / "labels.csv"
    if table.is_file():
        return _load(_labelled_by_table(table, architecture.classes), architecture)
    folder = _test_folder(folder)
    return _load(_labelled_by_folder(folder, _class_names(folder, architecture)), architecture)


def load_calibration(
    folder: str | Path, architecture: Architecture, limit: int = 512, seed: int = 0
) -> np.ndarray:
    """At most ``limit`` pictures of a folder, drawn by the seed, uint8 [N, H, W, C].

    They need no labels and may lie at any depth; CIFAR-10 gives pictures of its training part.
    Raises FirelineError when there are none.
    """
    folder = _existing(folder)
    draw = np.random.default_rng(seed)
    if cifar10.is_cifar10(folder):
        _check_cifar10(folder, architecture)
        pixels, _ = cifar10.read_train(folder)
        return pixels[np.sort(draw.permutation(len(pixels))[:limit])]
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    chosen = np.sort(draw.permutation(len(files))[:limit])
    if not files:
        raise FirelineError(f"{folder}: no pictures in it; use a folder of {', '.join(ENDINGS)}")
    return _load([(files[index], 0) for index in chosen], architecture).pixels


def _existing(folder: str | Path) -> Path:
    folder = Path(folder)
    if not folder.is_dir():
        raise FirelineError(f"{folder}: no such folder; check the path")
    return folder


def _check_cifar10(folder: Path, architecture: Architecture) -> None:
    found = (architecture.channels, architecture.height, architecture.width, architecture.classes)
    if found != (3, cifar10.SIDE, cifar10.SIDE, len(cifar10.CLASSES)):
        raise FirelineError(
            f"{folder}: CIFAR-10 needs a network for 3x32x32 pixels and 10 classes, but "
            f"{architecture.name} is for {'x'.join(map(str, found[:3]))} and {found[3]}"
        )


def _test_folder(folder: Path) -> Path:
    return next((folder / name for name in TEST_FOLDERS if (folder / name).is_dir()), folder)


def _class_names(folder: Path, architecture: Architecture) -> tuple[str, ...]:
    """The sub-folders, sorted; class i is the i-th."""
    names = tuple(sorted(path.name for path in folder.iterdir() if path.is_dir()))
    if len(names) != architecture.classes:
        raise FirelineError(
            f"{folder}: {len(names)} class folders, but network {architecture.name} has "
            f"{architecture.classes} classes; use a TOML file with classes = {len(names)}"
        )
    return names


def _labelled_by_folder(folder: Path, classes: tuple[str, ...]) -> Labelled:
    files = []
    for label, name in enumerate(classes):
        own = sorted(path for path in (folder / name).glob("*") if path.suffix.lower() in ENDINGS)
        if not own:
            raise FirelineError(f"{folder / name}: no pictures of this class; add some")
        files += [(path, label) for path in own]
    return files


def _labelled_by_table(table: Path, classes: int) -> Labelled:
    try:
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FirelineError(f"{table}: not a readable CSV file: {error}") from error
    if not rows:
        raise FirelineError(f"{table}: no rows in it; add the columns file,class and a row each")
    files = []
    for number, row in enumerate(rows, start=2):
        name, label = row.get("file"), row.get("class")
        if not name or not label or not label.isdecimal() or not int(label) < classes:
            raise FirelineError(
                f"{table} line {number}: needs file and class, a number from 0 to {classes - 1}"
            )
        files.append((table.parent / name, int(label)))
    return files


def _hold_out(files: Labelled, seed: int) -> tuple[Labelled, Labelled]:
    """Splits every class's files into those to train on and those to test on."""
    draw = np.random.default_rng(seed)
    train, test = [], []
    for label in sorted({label for _, label in files}):
        own = [file for file in files if file[1] == label]
        if len(own) < 2:
            raise FirelineError(
                f"{own[0][0].parent}: one picture is too few to hold one out; add more"
            )
        count = max(1, round(HELD_OUT * len(own)))
        order = draw.permutation(len(own))
        test += [own[index] for index in order[:count]]
        train += [own[index] for index in order[count:]]
    return train, test


def _load(files: Labelled, architecture: Architecture) -> Pictures:
    shape = (architecture.height, architecture.width, architecture.channels)
    pixels = np.empty((len(files), *shape), np.uint8)
    for index, (path, _) in enumerate(files):
        pixels[index], _ = load_picture(path, *shape)
    return Pictures(pixels, np.array([label for _, label in files], np.int64))
