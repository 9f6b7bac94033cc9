"""ReLU, and what is one in disguise."""

import numpy as np

from ..graph import Node
from ..rewrite.relu import rectified
from ..terms import Ranked, Term
from .reader import Reader, foreign

HUGE = 1e30


def relu(reader: Reader, node: Node) -> Term:
    """Relu."""
    x = reader.term(node)
    return x if isinstance(x, Ranked) else rectified(node, x)


def clip(reader: Reader, node: Node) -> Term:
    """Clip without an upper bound: a ReLU from 0, the map itself without a lower bound."""
    bounds = []
    for index, (name, default) in enumerate((("min", -np.inf), ("max", np.inf)), start=1):
        value = node.number(name, default)
        if node.input(index):
            value = reader.scalar(node, index)
        bounds.append(value)
    low, high = bounds
    if not high >= HUGE:
        return foreign(node)
    if low <= -HUGE:
        return reader.term(node)
    return relu(reader, node) if low == 0 else foreign(node)


def maximum(reader: Reader, node: Node) -> Term:
    """Max of a map and zeros."""
    for index in range(len(node.inputs) if len(node.inputs) == 2 else 0):
        if reader.is_constant(node, index) and not reader.constant(node, index).any():
            return rectified(node, reader.term(node, 1 - index))
    return foreign(node)


def leaky(reader: Reader, node: Node) -> Term:
    """LeakyRelu, ThresholdedRelu and PRelu, which are ReLUs if their parameter is 0."""
    if node.operator == "PRelu":
        slope = np.abs(reader.weights(node, 1)).max(initial=0)
    else:
        slope = node.number("alpha", 0.01)
    return relu(reader, node) if slope == 0 else foreign(node)
