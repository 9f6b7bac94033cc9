"""Max pools: borders in front of them are taken up, factors move behind them."""

from ....errors import FirelineError
from ..graph import Node
from ..terms import Padded, Pads, Pooled, Scaled, Term, more_pads
from .affine import scaled


def pooled(
    node: Node,
    x: Term,
    kernel: tuple[int, int],
    strides: tuple[int, int],
    pads: Pads,
    ceil: bool,
) -> Term:
    """A max pool of ``x``."""
    match x:
        case Scaled():
            if (x.factor < 0).any():
                raise FirelineError(
                    f"{x.node.where} has a factor below zero in front of {node.title}; "
                    "put it behind a convolution"
                )
            inner = pooled(node, x.source, kernel, strides, pads, ceil)
            return scaled(x.node, inner, x.factor, x.offset)
        case Padded() if _counts_for_nothing(x):
            if ceil:
                raise FirelineError(
                    f"{x.node.where} pads the input of {node.title}, which has ceil_mode; "
                    "use one of the two"
                )
            return pooled(node, x.source, kernel, strides, more_pads(pads, x.pads), ceil)
    height, width = (
        len(windows(side, window, stride, start, end, ceil))
        for side, window, stride, start, end in zip(
            x.shape[1:], kernel, strides, pads[:2], pads[2:], strict=True
        )
    )
    if min(height, width) < 1:
        raise FirelineError(
            f"{node.where} has a larger window than its map of {x.shape[1]}x{x.shape[2]} pixels; "
            "use larger pictures"
        )
    shape = x.channels, height, width
    return Pooled(node, shape, x.positive, x, kernel, strides, pads, ceil)


def repooled(pool: Pooled, x: Term) -> Term:
    """The same max pool of another map."""
    return pooled(pool.node, x, pool.kernel, pool.strides, pool.pads, pool.ceil)


def windows(
    side: int, kernel: int, stride: int, start: int, end: int, ceil: bool
) -> tuple[range, ...]:
    """The pixels of each window along an axis that is padded at both ends."""
    room = side + start + end - kernel + (stride - 1 if ceil else 0)
    starts = range(-start, stride * (room // stride + 1) - start, stride)
    inside = [at for at in starts if not ceil or at < side]  # the others are ignored in ceil mode
    return tuple(range(max(at, 0), min(at + kernel, side)) for at in inside)


def _counts_for_nothing(border: Padded) -> bool:
    """Whether no maximum is that of the border: it is below every value, or 0 below none."""
    return border.value < -1e30 or (border.value <= 0 and border.source.positive)
