"""Labelled pictures in memory: image folders and CIFAR-10."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import FirelineError

CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)


@dataclass(frozen=True)
class Pictures:
    """Pictures of one size with their classes."""

    pixels: np.ndarray  # uint8 [N, H, W, C], RGB or grey
    labels: np.ndarray  # int64 [N], indices into the dataset's classes

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """Pictures to train on, pictures to test on, and what their labels mean."""

    train: Pictures
    test: Pictures
    classes: tuple[str, ...]


def _cifar10_sheets(folder: Path) -> Dataset:
    """CIFAR-10 as five PNG sheets to train on and one to test on, a picture a row of 1024 pixels."""
    train = np.concatenate([_sheet(folder / f"data_batch_{i}.png") for i in range(1, 6)])
    test = _sheet(folder / "test_batch.png")
    return Dataset(
        Pictures(train, np.array(json.loads((folder / "train_lables.json").read_text()))),
        Pictures(test, np.array(json.loads((folder / "test_lables.json").read_text()))),
        CIFAR10_CLASSES,
    )


def _sheet(path: Path) -> np.ndarray:
    with Image.open(path) as sheet:
        return np.asarray(sheet.convert("RGB")).reshape(-1, 32, 32, 3)
