"""CIFAR-10 from disk: the binary version, or PNG sheets that hold one picture per row."""

import json
from pathlib import Path

import numpy as np

from ...errors import FirelineError
from ..reading import read_bytes
from .picture import opened

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
SIDE = 32  # pixels
TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST = ("test_batch",)
TRAIN_LABELS, TEST_LABELS = "train_lables.json", "test_lables.json"  # sic
MOST_BYTES = 256 << 20
"""Of a file; CIFAR-10's have 31 MB."""


def is_cifar10(folder: Path) -> bool:
    """Whether the folder holds CIFAR-10 in one of the two forms.

    Raises FirelineError for the Python version, whose pickles could execute code.
    """
    if any((folder / f"test_batch{ending}").is_file() for ending in (".bin", ".png")):
        return True
    if (folder / "test_batch").is_file():
        raise FirelineError(
            f"{folder}: holds the Python version of CIFAR-10, whose pickles could execute code; "
            "download the binary version"
        )
    return False


def is_file_of(name: str) -> bool:
    """Whether CIFAR-10 has a file of that name."""
    stem, _, ending = name.partition(".")
    batch = stem in (*TRAIN, *TEST) and ending in ("bin", "png")
    return batch or name in (TRAIN_LABELS, TEST_LABELS)


def read_train(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """The pictures to train on, RGB uint8 [N, 32, 32, 3], and their labels, int64 [N]."""
    return _read(folder, TRAIN, TRAIN_LABELS)


def read_test(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """The pictures to test on, RGB uint8 [N, 32, 32, 3], and their labels, int64 [N]."""
    return _read(folder, TEST, TEST_LABELS)


def _read(folder: Path, names: tuple[str, ...], labels: str) -> tuple[np.ndarray, np.ndarray]:
    if (folder / f"{names[0]}.bin").is_file():
        batches = [_read_binary(folder / f"{name}.bin") for name in names]
        pixels = np.concatenate([pixels for pixels, _ in batches])
        classes = np.concatenate([classes for _, classes in batches])
    else:
        pixels = np.concatenate([_read_sheet(folder / f"{name}.png") for name in names])
        classes = _read_labels(folder / labels, len(pixels))
    if classes.min() < 0 or classes.max() >= len(CLASSES):
        raise FirelineError(
            f"{folder}: a label is not in 0..{len(CLASSES) - 1}; download CIFAR-10 again"
        )
    return pixels, classes


def _read_binary(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Reads records of one label byte, then a red, a green and a blue plane."""
    record = 1 + 3 * SIDE**2
    data = np.frombuffer(read_bytes(path, "CIFAR-10", MOST_BYTES), np.uint8)
    if not data.size or data.size % record:
        raise FirelineError(
            f"{path}: {data.size} bytes are not a multiple of the record size {record}; "
            "download CIFAR-10 again"
        )
    records = data.reshape(-1, record)
    planes = records[:, 1:].reshape(-1, 3, SIDE, SIDE)
    return planes.transpose(0, 2, 3, 1), records[:, 0].astype(np.int64)


def _read_sheet(path: Path) -> np.ndarray:
    """Reads a PNG, 1024 pixels wide, each row of which holds the 32x32 pixels of one picture."""
    with opened(path, ("PNG",)) as sheet:
        pixels = np.array(sheet.convert("RGB"))
    if pixels.shape[1] != SIDE**2:
        raise FirelineError(
            f"{path}: {pixels.shape[1]} pixels wide instead of {SIDE**2}; download it again"
        )
    return pixels.reshape(-1, SIDE, SIDE, 3)


def _read_labels(path: Path, count: int) -> np.ndarray:
    try:
        labels = json.loads(read_bytes(path, "CIFAR-10", MOST_BYTES))
    except (ValueError, RecursionError) as error:
        raise FirelineError(f"{path}: not valid JSON; download it again") from error
    if not isinstance(labels, list) or len(labels) != count:
        raise FirelineError(f"{path}: not a list of {count} labels; download it again")
    if not all(type(label) is int for label in labels):
        raise FirelineError(f"{path}: a label is not an integer; download it again")
    return np.array(labels, np.int64)
