"""Concats and sums: factors and offsets in front of a Concat move behind it."""

import numpy as np

from ....errors import FirelineError
from ..graph import Node
from ..terms import Joined, Scaled, Summed, Term, Turned
from .affine import scaled

MOST_CHANNELS = 1 << 16


def joined(node: Node, sources: tuple[Term, ...]) -> Term:
    """The channels of all sources, which have one size."""
    if len(sources) == 1:
        return sources[0]
    if orders := _orders(node, sources):
        inner = joined(node, tuple(x.source for x in sources if isinstance(x, Turned)))
        return Turned(node, inner.shape, inner.positive, inner, orders)
    channels = sum(x.channels for x in sources)
    if len({x.shape[1:] for x in sources}) != 1 or channels > MOST_CHANNELS:
        raise FirelineError(
            f"{node.where} joins maps of {_shapes(sources)}; join maps of one size, with at most "
            f"{MOST_CHANNELS} channels"
        )
    shape = channels, *sources[0].shape[1:]
    if not any(isinstance(x, Scaled) for x in sources):
        return Joined(node, shape, all(x.positive for x in sources), sources)
    parts = [
        x if isinstance(x, Scaled) else Scaled(node, x.shape, x.positive, x, *_unit(x))
        for x in sources
    ]
    inner = Joined(
        node, shape, all(x.source.positive for x in parts), tuple(x.source for x in parts)
    )
    factor = np.concatenate([x.factor for x in parts])
    offset = np.concatenate([x.offset for x in parts])
    first = next(x.node for x in sources if isinstance(x, Scaled))
    return scaled(first, inner, factor, offset)


def summed(node: Node, a: Term, b: Term) -> Term:
    """The sum of two maps of one shape."""
    if orders := _orders(node, (a, b)):
        inner = summed(node, *(x.source for x in (a, b) if isinstance(x, Turned)))
        return Turned(node, inner.shape, inner.positive, inner, orders)
    if a.shape != b.shape:
        raise FirelineError(f"{node.where} adds maps of {_shapes((a, b))}; add maps of one shape")
    return Summed(node, a.shape, a.positive and b.positive, (a, b))


def _orders(node: Node, sources: tuple[Term, ...]) -> tuple[int, ...]:
    """The order of axes that all sources have; () if it is NCHW."""
    orders = {x.order if isinstance(x, Turned) else () for x in sources}
    if len(orders) > 1:
        raise FirelineError(
            f"{node.where} reads maps with their axes in different orders; export it again"
        )
    return orders.pop()


def _unit(x: Term) -> tuple[np.ndarray, np.ndarray]:
    return np.ones(x.channels), np.zeros(x.channels)


def _shapes(sources: tuple[Term, ...]) -> str:
    return " and ".join(" x ".join(map(str, x.shape)) for x in sources[:3])
