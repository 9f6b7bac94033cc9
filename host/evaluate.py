"""Accuracy of a quantized network, computed by the golden model."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import FirelineError
from . import golden
from .network.quantized import QuantizedNetwork


@dataclass(frozen=True)
class Accuracy:
    """Shares of pictures, 0..1, whose label has the best score, or one of the five best."""

    pictures: int
    top1: float
    top5: float
    same: float | None = None
    """The share of pictures that another network puts into the same class."""
    silent: int = 0
    """Number of pictures whose scores are all zero."""


def evaluate(
    network: QuantizedNetwork,
    pixels: np.ndarray,
    labels: np.ndarray,
    batch: int = 32,
    progress: Callable[[int, int], None] | None = None,
    others: np.ndarray | None = None,
) -> Accuracy:
    """Accuracy on pixels uint8 [N, H, W, C] with labels [N], computed `batch` pictures at a time.

    `others` [N] are the classes that another network gives, for `Accuracy.same`. `progress` is
    called after each batch with the number of pictures done and the number of all. Raises
    FirelineError when there are no pictures, or labels that the network does not have.
    """
    if not len(pixels) or len(pixels) != len(labels):
        raise FirelineError(
            f"{len(pixels)} pictures with {len(labels)} labels; "
            "evaluation needs one label a picture, and at least one picture"
        )
    classes = network.architecture.classes
    if labels.min() < 0 or labels.max() >= classes:
        raise FirelineError(
            f"labels run from {labels.min()} to {labels.max()}, but network "
            f"{network.architecture.name} has {classes} classes; use a matching data set"
        )
    ranks, same, silent = [], [], 0
    for first in range(0, len(pixels), batch):
        scores = golden.run(network, pixels[first : first + batch])
        ranks.append(rank(scores, labels[first : first + batch]))
        silent += int((scores.max(1) == 0).sum())
        if others is not None:
            same.append(golden.classify(scores) == others[first : first + batch])
        if progress:
            progress(min(first + batch, len(pixels)), len(pixels))
    places = np.concatenate(ranks)
    return Accuracy(
        pictures=len(places),
        top1=float(np.mean(places < 1)),
        top5=float(np.mean(places < 5)),
        same=float(np.mean(np.concatenate(same))) if same else None,
        silent=silent,
    )


def rank(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many classes rank above the label: scores [N, classes] and labels [N] to [N].

    Of classes with equal scores the lower index ranks first.
    """
    own = np.take_along_axis(scores, labels[:, None], 1)
    earlier = np.arange(scores.shape[1]) < labels[:, None]
    return ((scores > own) | ((scores == own) & earlier)).sum(1)
