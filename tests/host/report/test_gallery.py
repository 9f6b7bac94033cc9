"""The report's pictures: accuracy, selection and encoding."""

import base64
import io

import numpy as np
import pytest
from fireline.errors import FirelineError
from fireline.host import golden
from fireline.host.data.dataset import Pictures
from fireline.host.network.random_network import random_network
from fireline.host.report.gallery import SHOWN, SIDE, make_gallery, picture_uri
from PIL import Image
from support.networks.small import TINY, pictures

NETWORK = random_network(TINY, 0)


def decode(uri: str) -> tuple[str, np.ndarray]:
    head, data = uri.split(",")
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        return head, np.asarray(picture)


def test_the_gallery_shows_the_golden_models_classes():
    pixels = pictures(TINY, 12)
    labels = np.arange(12) % 3
    done = []
    made = make_gallery(NETWORK, Pictures(pixels, labels), lambda *step: done.append(step))
    scores = golden.run(NETWORK, pixels)
    found = scores.argmax(1)
    assert made.accuracy.pictures == 12
    assert made.accuracy.top1 == pytest.approx((found == labels).mean())
    order = np.argsort(labels, kind="stable")
    assert [shown.label for shown in made.shown] == labels[order].tolist()
    assert [shown.found for shown in made.shown] == found[order].tolist()
    assert [shown.is_right for shown in made.shown] == (found == labels)[order].tolist()
    logits = NETWORK.logits(scores[order])
    shares = 1 / np.exp(logits - logits.max(1, keepdims=True)).sum(1)
    assert [shown.confidence for shown in made.shown] == pytest.approx(shares)
    assert (decode(made.shown[0].uri)[1] == pixels[order[0]]).all()
    assert done[-1] == (12, 12)


def test_a_selection_is_spread_over_the_classes():
    labels = np.repeat(np.arange(3), 40)
    made = make_gallery(NETWORK, Pictures(pictures(TINY, 120), labels))
    assert len(made.shown) == SHOWN and made.accuracy.pictures == 120
    assert np.bincount([shown.label for shown in made.shown]).tolist() == [SHOWN // 3] * 3


def test_no_pictures_are_refused():
    with pytest.raises(FirelineError, match="0 pictures"):
        make_gallery(NETWORK, Pictures(pictures(TINY, 0), np.arange(0)))


def test_grey_pictures_are_png_and_large_ones_scaled_jpeg():
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    head, pixels = decode(picture_uri(grey))
    assert head == "data:image/png;base64" and (pixels == grey[..., 0]).all()
    head, pixels = decode(picture_uri(np.full((448, 224, 3), 99, np.uint8)))
    assert head == "data:image/jpeg;base64" and pixels.shape == (SIDE, SIDE // 2, 3)
