"""The folder of an exploration of the design space around a network.

Every result is a file of its own and is written whole. So an interrupt leaves no partial result,
and no result is measured twice.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import FirelineError
from ...hw.program import ArrayShape
from ..data.dataset import Dataset, Pictures
from ..files import write_whole
from ..network.architecture import Architecture
from ..network.variants import Space
from ..reading import read_bytes, read_json, read_record
from ..training.recipe import Recipe
from .trial import Measured, Outcome, Trial

FORMAT = 1  # increases when the same input gives other results
DESCRIPTION = "exploration.json"
MOST_WEIGHTS = 512 << 20  # bytes of a file


@dataclass(frozen=True)
class Exploration:
    """Results with the same network, recipe and pictures; ``begin`` makes an instance."""

    folder: Path
    base: Architecture
    recipe: Recipe

    @classmethod
    def begin(
        cls, folder: str | Path, base: Architecture, recipe: Recipe, dataset: Dataset
    ) -> "Exploration":
        """Starts in a new or empty folder, or continues in the folder of the same exploration.

        Raises FirelineError when the folder belongs to another network, recipe or pictures, or
        holds other files.
        """
        folder = Path(folder)
        own = _description(base, recipe) | {"pictures": fingerprint(dataset)}
        if not check_begun(folder, base, recipe):
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / DESCRIPTION, _json(own), "exploration")
        _check_same(folder, own)
        for part in ("points", "weights"):
            (folder / part).mkdir(exist_ok=True)
        return cls(folder, base, recipe)

    def trials(self, space: Space) -> list[Trial]:
        """A trial for each network of the space that lacks points, with those points."""
        trials = []
        for architecture in space.variants(self.base):
            name, weights = architecture.name, self._weights(architecture.name)
            missing = tuple(
                point for point in space.points() if not self._point(name, *point).exists()
            )
            if missing:
                trained = read_bytes(weights, "weights", MOST_WEIGHTS) if weights.exists() else None
                trials.append(Trial(architecture, self.recipe, missing, trained))
        return trials

    def keep(self, trial: Trial, outcome: Outcome) -> None:
        """Writes the outcome of a trial: the weights, then each point."""
        name = trial.architecture.name
        write_whole(self._weights(name), outcome.weights, "weights")
        for point, measured in zip(trial.points, outcome.measured, strict=True):
            write_whole(self._point(name, *point), _json(dataclasses.asdict(measured)), "result")

    def measured(self) -> list[Measured]:
        """All points in the folder. Raises FirelineError for a damaged file."""
        remedy = "delete it to measure the point again"
        files = sorted((self.folder / "points").glob("*.json"))
        return [read_record(file, Measured, "result", remedy) for file in files]

    def _weights(self, name: str) -> Path:
        return self.folder / "weights" / f"{name}.safetensors"

    def _point(self, name: str, array: ArrayShape, bits: int) -> Path:
        return self.folder / "points" / f"{name}_{array}_{bits}bit.json"


def check_begun(folder: str | Path, base: Architecture, recipe: Recipe) -> bool:
    """Whether an exploration of the network with the recipe has begun in the folder.

    Raises FirelineError when the folder belongs to another network or recipe, or holds other files.
    """
    folder = Path(folder)
    if (folder / DESCRIPTION).exists():
        _check_same(folder, _description(base, recipe))
        return True
    if folder.exists() and any(folder.iterdir()):
        raise FirelineError(f"{folder}: holds other files; choose a new folder")
    return False


def _description(base: Architecture, recipe: Recipe) -> dict[str, object]:
    return {
        "format": FORMAT,
        "network": base.to_dict(),
        "recipe": dataclasses.asdict(recipe),
    }


def _check_same(folder: Path, own: dict[str, object]) -> None:
    """Raises FirelineError when the folder's description differs from these values."""
    found = read_json(folder / DESCRIPTION, "exploration", "choose another folder")
    for what, value in own.items():
        if not isinstance(found, dict) or found.get(what) != value:
            raise FirelineError(
                f"{folder}: an exploration with another {what}; choose another folder"
            )


def fingerprint(dataset: Dataset) -> str:
    """A digest of all pictures and labels, in hexadecimal."""
    digest = hashlib.sha256()
    for pictures in (dataset.train, dataset.test):
        for array in (pictures.pixels, pictures.labels):
            digest.update(repr((array.shape, array.dtype.str)).encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def fewer_pictures(dataset: Dataset, count: int, seed: int) -> Dataset:
    """The dataset with at most ``count`` pictures in each part, chosen at random by the seed.

    Raises FirelineError when the training part has fewer pictures.
    """
    if not 2 <= count <= len(dataset.train):
        raise FirelineError(f"{count} pictures to train on; use 2 to {len(dataset.train)}")

    def few(pictures: Pictures) -> Pictures:
        order = np.random.default_rng(seed).permutation(len(pictures))
        chosen = np.sort(order[:count])
        return Pictures(pictures.pixels[chosen], pictures.labels[chosen])

    return dataclasses.replace(dataset, train=few(dataset.train), test=few(dataset.test))


def _json(values: object) -> bytes:
    return (json.dumps(values, indent=2) + "\n").encode()
