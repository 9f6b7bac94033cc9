"""Factors and offsets for each channel: batch normalisation, Mul, Add, Sub, Div by constants."""

from dataclasses import replace

import numpy as np

from ....errors import FirelineError
from ..graph import Node
from ..terms import (
    Averaged,
    Convolution,
    Flat,
    Joined,
    Padded,
    Pictures,
    Pooled,
    Rectified,
    Scaled,
    Term,
    Turned,
)

LARGEST = float(np.finfo(np.float32).max)


def scaled(
    node: Node, x: Term, factor: np.ndarray, offset: np.ndarray, learned: bool = False
) -> Term:
    """``x * factor + offset``, both float64 [channels], folded into what makes ``x`` if it can be.

    A convolution takes up both, also behind Concats, max pools and ReLUs as far as these commute
    with them. Else the term stands until a convolution reads it (`convolved`). ``learned`` tells
    batch normalisation of the input, which is a layer, from the file's own preprocessing.
    """
    if (factor == 1).all() and (offset == 0).all():
        return x
    if taken := _taken(node, x, factor, offset):
        return taken
    match x:
        case Scaled():
            factor, offset = x.factor * factor, x.offset * factor + offset
            check_range(node, factor, offset)
            return scaled(node, x.source, factor, offset, learned=True)
        case Pictures() if not learned:
            factor, offset = x.factor * factor, x.offset * factor + offset
            check_range(node, factor, offset)
            return replace(x, node=node, factor=factor, offset=offset)
        case Padded(source=Pictures()):
            raise FirelineError(
                f"{node.where} follows {x.node.title}, so the border is scaled too; scale the "
                "pictures first, then pad"
            )
        case Averaged() | Flat() | Turned():
            return replace(x, source=scaled(node, x.source, factor, offset), positive=False)
    return Scaled(node, x.shape, False, x, factor, offset)


def _taken(node: Node, x: Term, factor: np.ndarray, offset: np.ndarray) -> Term | None:
    """``x * factor + offset`` in the convolutions in front of it; None if that cannot be.

    Concats commute with all factors and offsets, max pools with factors above zero, ReLUs with
    such factors without offsets.
    """
    is_above = (factor > 0).all()
    match x:
        case Convolution():
            weight = x.weight * factor[:, None, None, None]
            bias = x.bias * factor + offset
            check_range(node, weight, bias)
            return replace(x, weight=weight, bias=bias)
        case Rectified(source=Convolution()) if is_above and not offset.any():
            source = _taken(node, x.source, factor, offset)
            return replace(x, source=source) if source else None
        case Pooled() if is_above:
            source = _taken(node, x.source, factor, offset)
            return replace(x, source=source, positive=source.positive) if source else None
        case Joined():
            ends = np.cumsum([source.channels for source in x.sources])[:-1]
            parts = zip(x.sources, np.split(factor, ends), np.split(offset, ends), strict=True)
            taken = [_taken(node, *part) for part in parts]
            sources = tuple(part for part in taken if part)
            return replace(x, sources=sources) if len(sources) == len(taken) else None
    return None


def check_range(node: Node, *values: np.ndarray) -> None:
    """Raises FirelineError unless all values are finite in float32."""
    if not all(np.abs(each).max(initial=0) <= LARGEST for each in values):
        raise FirelineError(f"{node.where} scales weights beyond float32; train again")
