"""What a file does to its pictures before conv1, taken up by conv1.

Two things normalise the pictures: the network's preprocessing, and the file, if it begins with Sub,
Div or the like. A file that does so expects plain pixels, so its own normalisation counts. conv1's
weights change so that they compute the same behind the network's preprocessing.
"""

from dataclasses import replace

import numpy as np

from ...errors import FirelineError
from ..network.stage import Preprocessing
from .terms import Convolution, Pictures

PIXELS, SHARES = 1.0, 1 / 255
"""Scales of pixels: from 0 to 255, and from 0 to 1."""
CLOSE = 1e-4


def taken_up(
    pictures: Pictures, conv: Convolution, preprocessing: Preprocessing
) -> tuple[Convolution, str]:
    """conv1 behind the network's preprocessing, and a note, which is "" if nothing changed.

    Raises FirelineError, which says what to write as preprocessing, if it is not plain which
    pixels the file expects, or if conv1 pads and its zeros would be other pixels.
    """
    if not pictures.integers and _is_nothing(pictures.factor, pictures.offset):
        return conv, ""
    if pictures.factor.min() <= 0:
        raise FirelineError(
            f"{pictures.node.where} scales the pictures by a factor that is not above zero; "
            "leave it out, and say it under preprocessing"
        )
    own = _own(pictures, preprocessing)
    factor, offset = _between(preprocessing, own)
    if not _is_nothing(factor, offset):
        if conv.padding and np.abs(offset).max() > CLOSE:
            raise FirelineError(
                f"{pictures.node.where} normalises the pictures, and {conv.node.title} pads them; "
                f"in the network's TOML file write {_text(own)}"
            )
        bias = conv.bias + np.einsum("oikl,i->o", conv.weight, offset)
        conv = replace(conv, weight=conv.weight * factor[:, None, None], bias=bias)
    kind = "0 to 255" if own.scale == PIXELS else "0 to 1"
    does = f"normalises pixels of {kind} itself, the last step in {pictures.node.title}"
    if _is_nothing(pictures.factor, pictures.offset):
        does = "takes integer pixels of 0 to 255 as they are"
    return conv, f"the file {does}; this replaces the network's preprocessing"


def _own(pictures: Pictures, preprocessing: Preprocessing) -> Preprocessing:
    """The file's normalisation of pixels 0..255."""
    candidates = [
        Preprocessing(
            preprocessing.order,
            scale,
            tuple((0 - pictures.offset / pictures.factor).tolist()),
            tuple((1 / pictures.factor).tolist()),
        )
        for scale in (PIXELS, SHARES)
    ]
    if pictures.integers:
        return candidates[0]
    for own in candidates:
        if _is_nothing(*_between(preprocessing, own)):
            return own
    plain = not any(preprocessing.mean) and set(preprocessing.std) == {1}
    for own in candidates:
        if plain and np.isclose(preprocessing.scale, own.scale):
            return own
    likely = [own for own in candidates if _is_likely(own)]
    if len(likely) != 1:
        raise FirelineError(
            f"{pictures.node.where} normalises the pictures, but does not tell whether of pixels "
            f"of 0 to 255 or of 0 to 1; in the network's TOML file write {_text(candidates[0])} "
            f"or {_text(candidates[1])}"
        )
    return likely[0]


def _is_likely(own: Preprocessing) -> bool:
    """Whether a normalisation makes what networks are trained on.

    Its zero lies within the pixels, and the pixels reach over 0.9 to 10, or it is only an offset
    of pixels 0 to 255.
    """
    low, high = ((end * own.scale - np.array(own.mean)) / np.array(own.std) for end in (0, 255))
    reach = high - low
    only_offset = own.scale == PIXELS and set(own.std) == {1}
    inside = (low <= CLOSE).all() and (high > 0).all()
    return bool(inside and (only_offset or (reach.min() >= 0.9 and reach.max() <= 10)))


def _between(first: Preprocessing, second: Preprocessing) -> tuple[np.ndarray, np.ndarray]:
    """Factor and offset that make what ``second`` makes from what ``first`` makes."""
    (mean, std), (own_mean, own_std) = (
        (np.array(each.mean), np.array(each.std)) for each in (first, second)
    )
    factor = std * second.scale / (first.scale * own_std)
    return factor, (mean * second.scale / first.scale - own_mean) / own_std


def _is_nothing(factor: np.ndarray, offset: np.ndarray) -> bool:
    return bool(np.abs(factor - 1).max() < CLOSE and np.abs(offset).max() < CLOSE)


def _text(preprocessing: Preprocessing) -> str:
    """The preprocessing as a line of a TOML file."""
    mean, std = (
        ", ".join(f"{value:.7g}" for value in values)
        for values in (preprocessing.mean, preprocessing.std)
    )
    return (
        f'preprocessing = {{ order = "{preprocessing.order}", scale = {preprocessing.scale!r}, '
        f"mean = [{mean}], std = [{std}] }}"
    )
