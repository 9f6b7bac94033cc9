"""Data sets in memory: folders of pictures by class, pictures with labels.csv, CIFAR-10."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import FirelineError
from ..network.architecture import Architecture
from . import cifar10
from .picture import load_picture

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".webp")
"""Endings of image files; a folder's other files are ignored."""
TEST_FOLDERS = ("test", "val")
HELD_OUT = 0.1
"""Share of each class that becomes the test set if there is no test folder."""
Labelled = list[tuple[Path, int]]
"""Files with their classes."""


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


def load_dataset(folder: str | Path, architecture: Architecture, seed: int = 0) -> Dataset:
    """Reads a folder to train on; the pictures are scaled to the architecture's input.

    The folder holds CIFAR-10 (binary version or PNG sheets), or one sub-folder per class, or such
    sub-folders in ``train`` and ``test`` (or ``val``). Without a test folder, a tenth of each class
    becomes the test set, drawn with the seed. Raises FirelineError when the folder holds none of
    these or the number of classes is not the architecture's.
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
    """Reads a folder to evaluate a network on; the pictures are scaled to its input.

    The folder holds CIFAR-10 (its test set is read), or pictures and ``labels.csv`` (columns
    ``file`` and ``class``, a number from 0), or one sub-folder per class, in ``test`` or ``val`` if
    one of these exists. Raises FirelineError when it holds none of these.
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
    """At most ``limit`` pictures of a folder, drawn with the seed, uint8 [N, H, W, C].

    The pictures need no labels and may lie at any depth; of CIFAR-10, the training set is used.
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
        raise FirelineError(
            f"{folder}: holds no pictures; use a folder of {', '.join(ENDINGS)} files"
        )
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
            f"{folder}: CIFAR-10 has 3x32x32 pixels and 10 classes, but network "
            f"{architecture.name} takes {'x'.join(map(str, found[:3]))} and has {found[3]}; "
            "use another network or other pictures"
        )


def _test_folder(folder: Path) -> Path:
    """The folder's test folder, or the folder itself if it has none."""
    return next((folder / name for name in TEST_FOLDERS if (folder / name).is_dir()), folder)


def _class_names(folder: Path, architecture: Architecture) -> tuple[str, ...]:
    """The names of the sub-folders, sorted; the i-th is class i."""
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
            raise FirelineError(f"{folder / name}: holds no pictures of this class; add some")
        files += [(path, label) for path in own]
    return files


def _labelled_by_table(table: Path, classes: int) -> Labelled:
    try:
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FirelineError(
            f"{table}: not a valid CSV file ({error}); write it with the columns file,class"
        ) from error
    if not rows:
        raise FirelineError(
            f"{table}: has no rows; write the columns file,class and one row per picture"
        )
    files = []
    for number, row in enumerate(rows, start=2):
        name, label = row.get("file"), row.get("class")
        if not name or not label or not label.isdecimal() or not int(label) < classes:
            raise FirelineError(
                f"{table} line {number}: file or class is missing or wrong; "
                f"use a file and a class from 0 to {classes - 1}"
            )
        files.append((table.parent / name, int(label)))
    return files


def _hold_out(files: Labelled, seed: int) -> tuple[Labelled, Labelled]:
    """Splits the files of each class into a training set and a test set."""
    draw = np.random.default_rng(seed)
    train, test = [], []
    for label in sorted({label for _, label in files}):
        own = [file for file in files if file[1] == label]
        if len(own) < 2:
            raise FirelineError(
                f"{own[0][0].parent}: only one picture, but the test set needs one too; add more"
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
