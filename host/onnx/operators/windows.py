"""The windows of convolutions and pools: kernel, strides, pads, auto_pad."""

from ....errors import FirelineError
from ..graph import Node
from ..terms import Pads, Shape
from .reader import MOST, pair

NO_PADS = (0, 0, 0, 0)


def read_pads(node: Node, shape: Shape, kernel: tuple[int, int], strides: tuple[int, int]) -> Pads:
    """The pads of a node that reads a map of that shape, computed if they are automatic."""
    automatic = node.attributes.get("auto_pad", "NOTSET")
    top, left, bottom, right = node.ints("pads", NO_PADS)
    pads = top, left, bottom, right
    if not 0 <= min(pads) <= max(pads) <= MOST:
        raise FirelineError(f"{node.where} has pads {pads}; use integers from 0 to {MOST}")
    if automatic in ("NOTSET", ""):
        return pads
    if automatic not in ("VALID", "SAME_UPPER", "SAME_LOWER"):
        raise FirelineError(
            f"{node.where} has auto_pad {automatic!r}; export explicit pads instead"
        )
    if any(pads):
        raise FirelineError(
            f"{node.where} has auto_pad {automatic!r} and pads {pads}; export it with one of them"
        )
    if automatic == "VALID":
        return pads
    added = [
        max((side - 1) // stride * stride + window - side, 0)
        for side, window, stride in zip(shape[1:], kernel, strides, strict=True)
    ]
    (a, b), (c, d) = [each // 2 for each in added], [each - each // 2 for each in added]
    return (a, b, c, d) if automatic == "SAME_UPPER" else (c, d, a, b)


def read_strides(node: Node) -> tuple[int, int]:
    """The strides; FirelineError if the node has dilations."""
    if any(each != 1 for each in node.ints("dilations", (1, 1))):
        raise FirelineError(
            f"{node.where} has dilations {node.attributes['dilations']}; train with none"
        )
    return pair(node, "strides")
