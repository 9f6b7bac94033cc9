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

    A convolution takes up both; ReLUs let factors above zero pass. Else the term stands until a
    convolution reads it (`convolved`). ``learned`` tells batch normalisation of the input, which is
    a layer, from the file's own preprocessing.
    """
    if (factor == 1).all() and (offset == 0).all():
        return x
    if (factor > 0).all() and not offset.any() and (taken := _taken_by_relus(node, x, factor)):
        return taken
    match x:
        case Convolution():
            weight = x.weight * factor[:, None, None, None]
            bias = x.bias * factor + offset
            check_range(node, weight, bias)
            return replace(x, weight=weight, bias=bias)
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


def _taken_by_relus(node: Node, x: Term, factor: np.ndarray) -> Term | None:
    """``x * factor``, above zero, in the convolutions in front of its ReLUs; None if it has other.

    ReLUs, max pools and Concats commute with such factors.
    """
    match x:
        case Rectified(source=Convolution()):
            return replace(x, source=scaled(node, x.source, factor, np.zeros(len(factor))))
        case Pooled():
            source = _taken_by_relus(node, x.source, factor)
            return replace(x, source=source) if source else None
        case Joined():
            ends = np.cumsum([source.channels for source in x.sources])
            parts = [
                _taken_by_relus(node, source, each)
                for source, each in zip(x.sources, np.split(factor, ends[:-1]), strict=True)
            ]
            sources = tuple(part for part in parts if part)
            return replace(x, sources=sources) if len(sources) == len(parts) else None
    return None


def check_range(node: Node, *values: np.ndarray) -> None:
    """Raises FirelineError unless all values are finite in float32."""
    if not all(np.abs(each).max(initial=0) <= LARGEST for each in values):
        raise FirelineError(f"{node.where} scales weights beyond float32; train again")
