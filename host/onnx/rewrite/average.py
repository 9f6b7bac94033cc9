"""The average over all pixels."""

from ..graph import Node
from ..terms import Averaged, Term


def averaged(node: Node, x: Term) -> Term:
    """The average of ``x`` over all pixels, a map of one pixel."""
    return Averaged(node, (x.channels, 1, 1), x.positive, x)
