"""Pools, averages, Concat and Pad."""

from ....errors import FirelineError
from ..graph import Node
from ..rewrite.average import averaged
from ..rewrite.join import joined
from ..rewrite.layout import flat, turned
from ..rewrite.pool import pooled
from ..terms import Averaged, Flat, HalfAveraged, Padded, Pads, Ranked, Term, Turned
from .reader import MOST, Reader, foreign, pair
from .windows import read_pads, read_strides


def max_pool(reader: Reader, node: Node) -> Term:
    """MaxPool."""
    x = _upright(node, reader.term(node))
    kernel, strides = pair(node, "kernel_shape", (0, 0)), read_strides(node)
    pads = read_pads(node, x.shape, kernel, strides)
    return pooled(node, x, kernel, strides, pads, bool(node.integer("ceil_mode", 0)))


def global_average(reader: Reader, node: Node) -> Term:
    """GlobalAveragePool."""
    return averaged(node, _upright(node, reader.term(node)))


def average_pool(reader: Reader, node: Node) -> Term:
    """AveragePool over the whole map."""
    x = _upright(node, reader.term(node))
    kernel, strides = pair(node, "kernel_shape", (0, 0)), read_strides(node)
    pads = read_pads(node, x.shape, kernel, strides)
    if kernel != x.shape[1:] or any(pads):
        raise FirelineError(
            f"{node.where} averages windows of {kernel[0]}x{kernel[1]}, padded by {pads}, in a map "
            f"of {x.shape[1]}x{x.shape[2]}; use a max pool, or the average over the whole map"
        )
    return averaged(node, x)


def reduce_mean(reader: Reader, node: Node) -> Term:
    """ReduceMean over both axes of pixels, at once or one after the other."""
    x = reader.term(node)
    keep = bool(node.integer("keepdims", 1))
    axes = reader.listed(node, "axes", 1) or ()
    order = x.order if isinstance(x, Turned) else (0, 1, 2, 3)
    inner = x.source if isinstance(x, Turned) else x
    if isinstance(inner, Averaged | Ranked) or (isinstance(x, Flat) and x.shape[1:] == (1, 1)):
        return foreign(node)
    if isinstance(x, Flat):  # [N, C, H * W]
        return flat(node, averaged(node, x.source)) if axes in ((2,), (-1,)) else foreign(node)
    if isinstance(inner, HalfAveraged):  # keeps both axes, or lacks the one that is averaged
        left = {5 - inner.axis, 5 - inner.axis - 4}
        lacking = {2, -1}
        wanted = lacking if inner.shape[1:] == (0, 0) else left
        if len(axes) != 1 or axes[0] not in wanted:
            return foreign(node)
        return flat(node, averaged(node, inner.source))
    if not all(-4 <= axis < 4 for axis in axes):
        return foreign(node)
    over = tuple(sorted(order[axis] for axis in axes))
    if over == (2, 3):
        average = averaged(node, inner)
        if not keep:
            return flat(node, average)
        return turned(node, average, order)
    if over in ((2,), (3,)) and inner is x:
        shape = x.shape if keep else (x.channels, 0, 0)
        return HalfAveraged(node, shape, x.positive, x, over[0])
    return foreign(node)


def concat(reader: Reader, node: Node) -> Term:
    """Concat of channels."""
    sources = tuple(reader.term(node, index) for index in range(len(node.inputs)))
    return read_concat(node, sources)


def read_concat(node: Node, sources: tuple[Term, ...]) -> Term:
    """The channels of all sources; FirelineError if the node has another axis."""
    axis = node.integer("axis", 1)
    order = sources[0].order if sources and isinstance(sources[0], Turned) else (0, 1, 2, 3)
    if not sources or not -4 <= axis < 4 or order[axis] != 1:
        raise FirelineError(
            f"{node.where} joins {len(sources)} maps along axis {axis}; "
            "use Fires, which join two maps along axis 1"
        )
    return joined(node, sources)


def pad(reader: Reader, node: Node) -> Term:
    """Pad with a constant."""
    x = reader.term(node)
    sides = node.attributes.get("paddings")  # as version 1 has it
    found = sides if isinstance(sides, tuple) else reader.listed(node, "pads", 1)
    value = node.number("value", 0.0)
    if node.input(2):
        value = reader.scalar(node, 2)
    if (mode := node.attributes.get("mode", "constant")) != "constant":
        raise FirelineError(f"{node.where} pads in the mode {mode!r}; train with padding by zeros")
    if found is None:
        return foreign(node)
    if node.input(3):
        found = _of_all_axes(node, found, reader.integers(node, 3).ravel().tolist())
    order = x.order if isinstance(x, Turned) else (0, 1, 2, 3)
    inner = x.source if isinstance(x, Turned) else x
    if len(found) != 8 or not all(0 <= side <= MOST for side in found):
        raise FirelineError(f"{node.where} has pads {found}; use 8 integers from 0 to {MOST}")
    pads = {axis: (found[at], found[at + 4]) for at, axis in enumerate(order)}
    if any(pads[0] + pads[1]):
        raise FirelineError(f"{node.where} pads the channels; pad only rows and columns")
    if not any(found):
        return x
    border: Pads = pads[2][0], pads[3][0], pads[2][1], pads[3][1]
    channels, height, width = inner.shape
    shape = channels, height + border[0] + border[2], width + border[1] + border[3]
    padded = Padded(node, shape, inner.positive and value >= 0, inner, border, value)
    return turned(node, padded, order)


def _of_all_axes(node: Node, found: tuple[int, ...], axes: list[int]) -> tuple[int, ...]:
    """The pads of the four axes from those of some of them."""
    axes = [axis % 4 for axis in axes if -4 <= axis < 4]
    if len(found) != 2 * len(axes) or len({*axes}) != len(axes):
        raise FirelineError(f"{node.where} has pads {found} of axes {axes}; export it again")
    starts, ends = (
        dict(zip(axes, sides, strict=True)) for sides in (found[: len(axes)], found[len(axes) :])
    )
    return tuple(sides.get(axis, 0) for sides in (starts, ends) for axis in range(4))


def _upright(node: Node, x: Term) -> Term:
    if isinstance(x, Turned):
        raise FirelineError(
            f"{node.where} reads a map with its axes in the order {x.order} of N, C, H, W; "
            "export it again"
        )
    return x
