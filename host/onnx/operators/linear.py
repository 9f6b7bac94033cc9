"""Convolutions, matrices, batch normalisation, and arithmetic with constants."""

import numpy as np

from ....errors import FirelineError
from ..graph import Node
from ..rewrite.affine import scaled
from ..rewrite.convolution import NO_PADS, convolved
from ..rewrite.join import summed
from ..rewrite.layout import flat
from ..rewrite.relu import rectified
from ..terms import Ranked, Term, Turned
from .reader import Reader, foreign, pair
from .windows import read_pads, read_strides


def convolution(reader: Reader, node: Node) -> Term:
    """Conv."""
    weight = reader.weights(node, 1)
    check_kernels(node, weight)
    bias = reader.weights(node, 2) if node.input(2) else np.zeros(len(weight))
    return read_convolution(reader, node, reader.term(node), weight, bias)


def read_convolution(
    reader: Reader, node: Node, x: Term, weight: np.ndarray, bias: np.ndarray
) -> Term:
    """A convolution with the attributes of the node, float64 [cout, cin, k, k] and [cout]."""
    if isinstance(x, Turned):
        raise FirelineError(
            f"{node.where} reads a map with its axes in the order {x.order} of N, C, H, W; "
            "export it again"
        )
    if (group := node.integer("group", 1)) != 1:
        raise FirelineError(f"{node.where} has {group} groups; train without groups")
    kernel = weight.shape[2], weight.shape[3]
    if pair(node, "kernel_shape", kernel) != kernel:
        raise FirelineError(
            f"{node.where} has kernel_shape {node.attributes['kernel_shape']}, but "
            f"{_shape(weight)} weights; export it again"
        )
    check_length(node, bias, len(weight))
    strides = read_strides(node)
    return convolved(node, x, weight, bias, strides, read_pads(node, x.shape, kernel, strides))


def fused_convolution(reader: Reader, node: Node) -> Term:
    """onnxruntime's FusedConv: a convolution, a map added to it, an activation."""
    x = convolution(reader, node)
    if node.input(3):
        x = summed(node, x, reader.term(node, 3))
    match node.attributes.get("activation", ""):
        case "Relu":
            return rectified(node, x)
        case "":
            return x
        case other:
            raise FirelineError(
                f"{node.where} has the activation {other!r}; train with ReLU, which is the only "
                "activation of the hardware"
            )


def matrix(reader: Reader, node: Node) -> Term:
    """MatMul with a constant: a 1x1 convolution of the average."""
    weight = reader.weights(node, 1)
    if weight.ndim != 2:
        return foreign(node)
    return read_matrix(node, reader.term(node), weight.T, np.zeros(weight.shape[1]))


def gemm(reader: Reader, node: Node) -> Term:
    """Gemm with constants: a 1x1 convolution of the average."""
    weight = reader.weights(node, 1)
    bias = reader.weights(node, 2) if node.input(2) else np.zeros(1)
    return read_gemm(node, reader.term(node), weight, bias)


def read_gemm(node: Node, x: Term, weight: np.ndarray, bias: np.ndarray) -> Term:
    """``alpha * x @ weight + beta * bias`` with the attributes of the node."""
    if node.integer("transA", 0) or weight.ndim != 2:
        return foreign(node)
    weight = weight if node.integer("transB", 0) else weight.T
    if bias.size not in (1, len(weight)):
        check_length(node, bias, len(weight))
    bias = np.broadcast_to(bias.ravel(), len(weight))
    alpha, beta = node.number("alpha", 1.0), node.number("beta", 1.0)
    return read_matrix(node, x, alpha * weight, beta * bias)


def read_matrix(node: Node, x: Term, weight: np.ndarray, bias: np.ndarray) -> Term:
    """A matrix [K, C] and a bias [K] behind the average."""
    if x.shape[1:] != (1, 1) or isinstance(x, Ranked):
        raise FirelineError(
            f"{node.where} reads all pixels of a map of {x.shape[1]}x{x.shape[2]}; put the global "
            "average in front of it"
        )
    weight = weight[:, :, None, None]
    return flat(node, convolved(node, flat(node, x), weight, bias, (1, 1), NO_PADS))


def norm(reader: Reader, node: Node) -> Term:
    """BatchNormalization."""
    if node.integer("training_mode", 0) or node.integer("spatial", 1) != 1:
        raise FirelineError(
            f"{node.where} normalises each batch by itself; export the network in evaluation mode"
        )
    x = reader.term(node)
    scale, shift, mean, variance = (reader.weights(node, index) for index in range(1, 5))
    for values in (scale, shift, mean, variance):
        check_length(node, values, x.channels)
    variance = variance + node.number("epsilon", 1e-5)
    if not 0 < variance.min() <= variance.max() < np.inf:
        raise FirelineError(f"{node.where} has a variance that is not above zero; train again")
    factor = scale / np.sqrt(variance)
    return scaled(node, x, factor, shift - mean * factor, learned=True)


def arithmetic(reader: Reader, node: Node) -> Term:
    """Add, Sub, Mul, Div of a map and a constant, and Add and Sum of two maps."""
    constants = [index for index in range(len(node.inputs)) if reader.is_constant(node, index)]
    if len(node.inputs) == 1 and node.operator == "Sum":
        return reader.term(node)
    if len(node.inputs) != 2:
        raise FirelineError(
            f"{node.where} has {len(node.inputs)} inputs; add two maps, as a bypass does"
        )
    if not constants:
        a, b = reader.term(node, 0), reader.term(node, 1)
        return summed(node, a, b) if node.operator in ("Add", "Sum") else foreign(node)
    at = constants[0]
    x = reader.term(node, 1 - at)
    values = reader.per_channel(node, x, reader.weights(node, at))
    return combined(node, x, values, at == 0)


def combined(node: Node, x: Term, values: np.ndarray, constant_first: bool) -> Term:
    """A map and a constant of one number per channel, combined as the node's operator says."""
    one, zero = np.ones(x.channels), np.zeros(x.channels)
    match node.operator:
        case "Add" | "Sum":
            factor, offset = one, values
        case "Sub":
            factor, offset = (-one, values) if constant_first else (one, -values)
        case "Mul":
            factor, offset = values, zero
        case _ if constant_first:
            return foreign(node)
        case _:
            if not values.all():
                raise FirelineError(f"{node.where} divides by 0; export the network again")
            factor, offset = 1 / values, zero
    if isinstance(x, Ranked):
        same = len({*factor.tolist()}) == len({*offset.tolist()}) == 1 and factor[0] > 0
        return x if same else foreign(node)
    return scaled(node, x, factor, offset)


def check_kernels(node: Node, weight: np.ndarray) -> None:
    """Raises FirelineError unless the weights are [cout, cin, k, k]."""
    if weight.ndim != 4 or weight.shape[2] != weight.shape[3] or 0 in weight.shape:
        raise FirelineError(f"{node.where} has {_shape(weight)} weights; use square kernels")


def check_length(node: Node, values: np.ndarray, channels: int) -> None:
    """Raises FirelineError unless there is one value per channel."""
    if values.shape != (channels,):
        raise FirelineError(
            f"{node.where} has {_shape(values)} values for {channels} channels; "
            "export the network again"
        )


def _shape(values: np.ndarray) -> str:
    return " x ".join(map(str, values.shape)) or "1"
