"""Changes of layout: NHWC and back, maps as vectors."""

from ..graph import Node
from ..terms import Flat, Ranked, Term, Turned

NCHW = (0, 1, 2, 3)


def turned(node: Node, x: Term, order: tuple[int, ...]) -> Term:
    """The axes of ``x`` in another order; two such changes become one or none."""
    if isinstance(x, Turned):
        order, x = tuple(x.order[axis] for axis in order), x.source
    return x if order == NCHW else Turned(node, x.shape, x.positive, x, order)


def flat(node: Node, x: Term) -> Term:
    """``x`` without its axes of pixels, in any form that keeps the order of its values."""
    match x:
        case Flat() | Ranked():
            return x
        case Turned():
            return flat(node, x.source)
    return Flat(node, x.shape, x.positive, x)
