"""The trained network that comes with Fireline, and pictures to try it on."""

import csv
import filecmp
from pathlib import Path

from ....errors import FirelineError
from ...files import write_whole

FOLDER = Path(__file__).parent
"""Holds each shipped network's architecture (.toml) and its quantized network (.fireline)."""
SHIPPED = ("cifar10",)
SAMPLES = {"cifar10": FOLDER / "samples"}
"""Folders with labels.csv and the pictures that it lists."""
WEIGHTS = {"cifar10": FOLDER / "cifar10.safetensors"}
"""The float32 weights that training left."""


def copy_samples(name: str, folder: str | Path) -> list[Path]:
    """Copies a shipped network's pictures and labels.csv into a folder, which is made if needed.

    Returns the copied pictures in the order of labels.csv. Raises FirelineError when the network
    has no pictures, or the folder cannot be written or has a labels.csv of other pictures.
    """
    if name not in SAMPLES:
        raise FirelineError(f"network {name!r} comes without pictures; use {', '.join(SAMPLES)}")
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FirelineError(f"folder {folder}: {error.strerror}; choose another place") from error
    labels = folder / "labels.csv"
    if labels.exists() and not filecmp.cmp(labels, SAMPLES[name] / "labels.csv", shallow=False):
        raise FirelineError(f"folder {folder}: has another labels.csv; choose another place")
    for file in sorted(SAMPLES[name].iterdir()):
        write_whole(folder / file.name, file.read_bytes(), "sample")
    with labels.open(newline="") as table:
        return [folder / row["file"] for row in csv.DictReader(table)]
