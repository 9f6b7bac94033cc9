"""Accuracy of a quantized network through the golden model."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import FirelineError
from . import golden
from .network.quantized import QuantizedNetwork


@dataclass(frozen=True)
class Accuracy:
    """Shares of pictures, 0..1, whose class was the best, or among the five best."""

    images: int
    top1: float
    top5: float
    same: float | None = None  # whose best class was that of another network


def evaluate(
    network: QuantizedNetwork,
    pixels: np.ndarray,
    labels: np.ndarray,
    batch: int = 32,
    progress: Callable[[int, int], None] | None = None,
    others: np.ndarray | None = None,
) -> Accuracy:
    """Accuracy on pixels uint8 [N, H, W, C] of classes [N], computed ``batch`` at a time.

    ``others`` are the classes [N] that another network gives, if there is one to compare with.

    ``progress`` is told after each batch how many of how many pictures are done. Raises
    FirelineError when there are no pictures, or labels that the network does not have.
    """
    if not len(pixels) or len(pixels) != len(labels):
        raise FirelineError(f"{len(pixels)} pictures with {len(labels)} labels to evaluate on")
    classes = network.architecture.classes
    if labels.min() < 0 or labels.max() >= classes:
        raise FirelineError(
            f"labels run from {labels.min()} to {labels.max()}, but network "
            f"{network.architecture.name} has {classes} classes; use a matching data set"
        )
    ranks, same = [], []
    for first in range(0, len(pixels), batch):
        scores = golden.run(network, pixels[first : first + batch])
        ranks.append(rank(scores, labels[first : first + batch]))
        if others is not None:
            same.append(golden.classify(scores) == others[first : first + batch])
        if progress:
            progress(min(first + batch, len(pixels)), len(pixels))
    places = np.concatenate(ranks)
    return Accuracy(
        images=len(places),
        top1=float(np.mean(places < 1)),
        top5=float(np.mean(places < 5)),
        same=float(np.mean(np.concatenate(same))) if same else None,
    )


def rank(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many classes come before the label's: scores [N, classes], labels [N] to [N].

    Of equal scores the lower class comes first.
    """
    own = np.take_along_axis(scores, labels[:, None], 1)
    earlier = np.arange(scores.shape[1]) < labels[:, None]
    return ((scores > own) | ((scores == own) & earlier)).sum(1)
