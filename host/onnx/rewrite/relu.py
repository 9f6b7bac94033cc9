"""ReLUs move in front of pools, Concats and factors, to the convolutions."""

from dataclasses import replace

from ..graph import Node
from ..terms import Convolution, Flat, Joined, Padded, Pooled, Rectified, Scaled, Term, Turned
from .affine import scaled
from .join import joined
from .pool import repooled


def rectified(node: Node, x: Term) -> Term:
    """``max(x, 0)``: nothing for what is not below zero, else as near to convolutions as it gets.

    It moves over whatever it commutes with: max pools, Concats, and factors above zero without
    offsets.
    """
    if x.positive:
        return x
    match x:
        case Pooled():
            return repooled(x, rectified(node, x.source))
        case Joined() if all(
            source.positive or isinstance(source, Convolution | Joined | Scaled | Pooled)
            for source in x.sources
        ):
            return joined(x.node, tuple(rectified(node, source) for source in x.sources))
        case Scaled() if (x.factor > 0).all() and not x.offset.any():
            return scaled(x.node, rectified(node, x.source), x.factor, x.offset)
        case Padded(value=value) if value <= 0:
            return replace(x, source=rectified(node, x.source), value=0.0, positive=True)
        case Turned() | Flat():
            return replace(x, source=rectified(node, x.source), positive=True)
    return Rectified(node, x.shape, True, x)
