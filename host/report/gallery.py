"""Pictures through the golden model: how many are right, and some of them to look at."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from .. import golden
from ..data.dataset import Pictures
from ..evaluate import Accuracy, evaluate
from ..network.quantized import QuantizedNetwork

SHOWN = 30
SIDE = 112  # pixels; larger pictures are scaled down to it
LOSSLESS_SIDE = 64  # up to which they are kept as PNG


@dataclass(frozen=True)
class Shown:
    """A picture as a data URI, its class, the one that was found, and the share it got."""

    uri: str
    label: int
    found: int
    confidence: float  # softmax, 0..1

    @property
    def is_right(self) -> bool:
        return self.label == self.found


@dataclass(frozen=True)
class Gallery:
    """Accuracy on all pictures, and some of them, spread evenly over the classes."""

    accuracy: Accuracy
    shown: tuple[Shown, ...]


def make_gallery(
    network: QuantizedNetwork,
    pictures: Pictures,
    progress: Callable[[int, int], None] | None = None,
) -> Gallery:
    """Classifies the pictures; ``progress`` is told how many of how many are done.

    Raises FirelineError when there are none, or classes that the network does not have.
    """
    accuracy = evaluate(network, pictures.pixels, pictures.labels, progress=progress)
    by_class = np.argsort(pictures.labels, kind="stable")
    places = np.linspace(0, len(by_class) - 1, min(SHOWN, len(by_class))).round().astype(int)
    chosen = by_class[places]
    scores = golden.run(network, pictures.pixels[chosen])
    logits = scores * network.score_scale
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    shown = [
        Shown(picture_uri(pixels), int(label), int(found), float(share[found]))
        for pixels, label, found, share in zip(
            pictures.pixels[chosen],
            pictures.labels[chosen],
            golden.classify(scores),
            shares,
            strict=True,
        )
    ]
    return Gallery(accuracy, tuple(shown))


def picture_uri(pixels: np.ndarray) -> str:
    """Pixels uint8 [H, W, C], RGB or grey, as a data URI: PNG, or JPEG when they are many."""
    picture = Image.fromarray(pixels if pixels.shape[-1] == 3 else pixels[..., 0])
    kind = "png" if max(picture.size) <= LOSSLESS_SIDE else "jpeg"
    picture.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    picture.save(file, kind)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"
