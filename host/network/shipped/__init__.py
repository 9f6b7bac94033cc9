"""What comes with Fireline: a trained network by name, and pictures to try it on."""

import csv
from pathlib import Path

from ....errors import FirelineError
from ...files import write_whole
from ..families import NETWORKS, SHIPPED
from ..file import read_network
from ..quantized import QuantizedNetwork

ENDING = ".fireline"  # of quantized network files
SAMPLES = {"cifar10": NETWORKS / "samples"}
WEIGHTS = {"cifar10": NETWORKS / "cifar10.safetensors"}  # in float32, as they were trained


def is_network(name: str | Path) -> bool:
    """Whether that names a quantized network: a shipped one, or a file that is no TOML."""
    path = Path(name)
    return (
        str(name) in SHIPPED or path.suffix == ENDING or (path.is_file() and path.suffix != ".toml")
    )


def load_network(name: str | Path) -> QuantizedNetwork:
    """The shipped network of that name, or the one in that file.

    Raises FirelineError if there is none, or the file is damaged.
    """
    if str(name) in SHIPPED:
        return read_network(NETWORKS / f"{name}{ENDING}")
    if not Path(name).exists():
        raise FirelineError(
            f"network {name}: no such file, and none of that name is shipped; "
            f"use {', '.join(SHIPPED)} or a file that `fireline quantize` wrote"
        )
    return read_network(name)


def copy_samples(name: str, folder: str | Path) -> list[Path]:
    """Copies the pictures that belong to a shipped network, with labels.csv, into a folder.

    Returns the pictures in the order of labels.csv. Raises FirelineError if there are none, or the
    folder cannot be written.
    """
    if name not in SAMPLES:
        raise FirelineError(f"there are no samples for {name!r}: use {', '.join(SAMPLES)}")
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FirelineError(f"folder {folder}: {error.strerror}; choose another place") from error
    files = sorted(SAMPLES[name].iterdir())
    for file in files:
        write_whole(folder / file.name, file.read_bytes(), "sample")
    with (folder / "labels.csv").open(newline="") as table:
        return [folder / row["file"] for row in csv.DictReader(table)]
