"""Convolutions take up what stands between them and the ReLU or the pool in front."""

from dataclasses import replace

import numpy as np

from ....errors import FirelineError
from ..graph import Node
from ..terms import Averaged, Convolution, Flat, Padded, Pads, Scaled, Shape, Term, more_pads
from .affine import check_range

NO_PADS = (0, 0, 0, 0)


def convolved(
    node: Node, x: Term, weight: np.ndarray, bias: np.ndarray, strides: tuple[int, int], pads: Pads
) -> Term:
    """A convolution of ``x``; a scaled, padded or averaged ``x`` is taken up.

    A convolution without padding takes up factors and offsets, one with padding only factors. A
    1x1 convolution of an average equals the average of a 1x1 convolution.
    """
    match x:
        case Scaled():
            if any(pads) and x.offset.any():
                raise FirelineError(
                    f"{x.node.where} adds to a map that {node.title} pads with zeros, so it cannot "
                    "be folded into the weights; put it behind a convolution, or train without it"
                )
            _check_channels(node, x, weight)
            bias = bias + np.einsum("oikl,i->o", weight, x.offset)
            weight = weight * x.factor[:, None, None]
            return convolved(node, x.source, weight, bias, strides, pads)
        case Padded(value=0):
            return convolved(node, x.source, weight, bias, strides, more_pads(pads, x.pads))
        case Padded():
            raise FirelineError(f"{x.node.where} pads with {x.value}; pad with zeros")
        case Flat() if x.shape[1:] == (1, 1) == weight.shape[2:]:
            return convolved(node, x.source, weight, bias, strides, pads)
        case Averaged() if weight.shape[2:] == (1, 1) and not any(pads):
            inner = convolved(node, x.source, weight, bias, (1, 1), pads)
            return replace(x, node=node, shape=(len(bias), 1, 1), source=inner, positive=False)
    _check_channels(node, x, weight)
    check_range(node, weight, bias)
    shape = _shape(node, x.shape, weight, strides, pads)
    return Convolution(node, shape, False, x, weight, bias, strides, pads)


def _check_channels(node: Node, x: Term, weight: np.ndarray) -> None:
    if x.channels != weight.shape[1]:
        found = " x ".join(map(str, weight.shape))
        raise FirelineError(
            f"{node.where} has {found} weights, but reads {x.channels} channels; "
            "check the number of input channels"
        )


def _shape(
    node: Node, shape: Shape, weight: np.ndarray, strides: tuple[int, int], pads: Pads
) -> Shape:
    height, width = (
        (side + start + end - kernel) // stride + 1
        for side, start, end, kernel, stride in zip(
            shape[1:], pads[:2], pads[2:], weight.shape[2:], strides, strict=True
        )
    )
    if min(height, width) < 1:
        raise FirelineError(
            f"{node.where} has a larger kernel than its padded input of {shape[1]}x{shape[2]} "
            "pixels; use larger pictures"
        )
    return len(weight), height, width
