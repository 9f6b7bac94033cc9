"""Changes of layout and shape."""

from math import prod

import numpy as np
from onnx import TensorProto

from ..graph import Node
from ..rewrite.layout import flat, turned
from ..terms import Flat, Ranked, Term, Turned
from .reader import Reader, foreign, x_rank

FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE)


def same(reader: Reader, node: Node) -> Term:
    """Identity and Dropout."""
    return reader.term(node)


def cast(reader: Reader, node: Node) -> Term:
    """Cast to floats; behind the ranked classes to anything."""
    x = reader.term(node)
    kind = node.integer("to", 0) if node.operator == "Cast" else TensorProto.FLOAT
    return x if kind in FLOATS or isinstance(x, Ranked) else foreign(node)


def transpose(reader: Reader, node: Node) -> Term:
    """Transpose."""
    x = reader.term(node)
    if x_rank(x) == 2 or (isinstance(x, Ranked)):
        return x if x.shape[1:] == (1, 1) else foreign(node)
    order = node.attributes.get("perm", (3, 2, 1, 0))
    if not isinstance(order, tuple) or sorted(order) != [0, 1, 2, 3]:
        return foreign(node)
    if order[0] != 0 and x.shape[1:] != (1, 1):
        return foreign(node)
    return turned(node, x, order)


def reshape(reader: Reader, node: Node) -> Term:
    """Reshape of the average, or of a map to what it is or to [N, channels, pixels]."""
    x = reader.term(node)
    if node.input(1):
        target = reader.integers(node, 1).ravel() if reader.is_constant(node, 1) else None
    else:
        listed = node.attributes.get("shape")
        target = np.array(listed) if isinstance(listed, tuple) else None
    if target is not None and target[:1].tolist() == [*reader.graph.dimensions[:1]]:
        target = np.array([0, *target[1:]])  # the file's batch, as torch writes it
    if x.shape[1:] == (1, 1):
        kept = target is None or {*target.tolist()} <= {-1, 0, 1, x.channels}
        return flat(node, x) if kept else foreign(node)
    own = [1, *x.shape]
    if target is None or isinstance(x, Turned | Flat) or len(target) > 4:
        return foreign(node)
    sides = [
        own[at] if side == 0 and at < len(own) else int(side) for at, side in enumerate(target)
    ]
    if sides[:1] == [-1] and -1 not in sides[1:]:
        sides[0] = 1
    known = prod(side for side in sides if side != -1)
    if known > 0 and prod(own) % known == 0:
        sides = [prod(own) // known if side == -1 else side for side in sides]
    if sides == own:
        return x
    return (
        Flat(node, x.shape, x.positive, x)
        if sides == [1, x.channels, prod(own[2:])]
        else foreign(node)
    )


def gather(reader: Reader, node: Node) -> Term:
    """Gather of all values of the average in their order, or of its one row or column.

    torch writes so AdaptiveAvgPool2d, and ``x[:, :, 0, 0]`` behind it.
    """
    x, axis = reader.term(node), node.integer("axis", 0)
    if not reader.is_constant(node, 1) or x.shape[1:] != (1, 1) or isinstance(x, Ranked):
        return foreign(node)
    order = reader.integers(node, 1).ravel()
    is_whole = order.size % x.channels == 0 and np.array_equal(order, np.arange(order.size))
    # A vector has an axis of pixels only if such a Gather took the other one.
    has_pixels = not isinstance(x, Turned | Flat) or x.node.operator == "Gather"
    is_pixel = axis in (2, 3) and has_pixels and order.tolist() in ([0], [-1])
    return flat(node, x) if (is_whole and axis == 0) or is_pixel else foreign(node)


def flatten(reader: Reader, node: Node) -> Term:
    """Flatten, Squeeze and Unsqueeze of a map of one pixel."""
    x = reader.term(node)
    return flat(node, x) if x.shape[1:] == (1, 1) else foreign(node)


def shape(reader: Reader, node: Node) -> Term:
    """Shape, as a constant; the batch counts as 1."""
    x = reader.term(node)
    sides = [1, *x.shape]
    if isinstance(x, Turned):
        sides = [sides[axis] for axis in x.order]
    if isinstance(x, Flat):
        sides = [1, x.channels, prod(x.shape[1:])][: 2 if x.shape[1:] == (1, 1) else 3]
    start, end = node.integer("start", 0), node.attributes.get("end")
    values = np.array(sides[start : end if isinstance(end, int) else None], np.int64)
    reader.graph.constants.add(node.outputs[0], values)
    return foreign(node)
