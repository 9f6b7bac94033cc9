"""Pictures classified by the golden model: the accuracy, and a selection to show."""

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
SIDE = 112  # pixels; larger pictures are scaled down to this
LOSSLESS_SIDE = 64  # pixels; pictures up to this size become PNG, larger ones JPEG


@dataclass(frozen=True)
class Shown:
    """A picture as a data URI, its class, and the class that the golden model found."""

    uri: str
    label: int
    found: int
    confidence: float  # softmax of the found class, 0..1

    @property
    def is_right(self) -> bool:
        return self.label == self.found


@dataclass(frozen=True)
class Gallery:
    """Accuracy on all pictures, and a selection, spread evenly over the classes."""

    accuracy: Accuracy
    shown: tuple[Shown, ...]


def make_gallery(
    network: QuantizedNetwork,
    pictures: Pictures,
    progress: Callable[[int, int], None] | None = None,
) -> Gallery:
    """Classifies the pictures; calls ``progress`` with the numbers of done and of all pictures.

    Raises FirelineError if there are no pictures, or labels that the network does not have.
    """
    accuracy = evaluate(network, pictures.pixels, pictures.labels, progress=progress)
    by_class = np.argsort(pictures.labels, kind="stable")
    places = np.linspace(0, len(by_class) - 1, min(SHOWN, len(by_class))).round().astype(int)
    chosen = by_class[places]
    scores = golden.run(network, pictures.pixels[chosen])
    logits = network.logits(scores)
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
    """Pixels uint8 [H, W, C], RGB or grey, as a data URI, PNG or JPEG."""
    picture = Image.fromarray(pixels if pixels.shape[-1] == 3 else pixels[..., 0])
    kind = "png" if max(picture.size) <= LOSSLESS_SIDE else "jpeg"
    picture.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    picture.save(file, kind)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"
