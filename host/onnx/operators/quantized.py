"""Quantized files: weights become floats again, quantizers of maps are left out.

A quantizer's integers are read as the values that they stand for. One whose range begins at 0 also
is the ReLU that the file lacks, because values below 0 become 0.
"""

import numpy as np

from ....errors import FirelineError
from ..graph import Node
from ..rewrite.affine import scaled
from ..rewrite.average import averaged
from ..rewrite.join import summed
from ..rewrite.relu import rectified
from ..terms import Pictures, Ranked, Term, Turned
from .linear import check_kernels, check_length, read_convolution, read_gemm, read_matrix
from .maps import average_pool, read_concat
from .reader import Reader, finite, foreign

NOTE = "the file is quantized: its weights become floats again, and its own scales are left out"


def quantize(reader: Reader, node: Node) -> Term:
    """QuantizeLinear."""
    return quantized(reader, node, reader.term(node), 1, 2)


def dequantize(reader: Reader, node: Node) -> Term:
    """DequantizeLinear of a map: the map, or the pictures, which it normalises."""
    name = node.input(0)
    x = reader.any_term(node)
    scale, zero = _scale(reader, node, 1), _zero(reader, node, 2)
    if name in reader.quantizers:
        _check_same(reader, node, name, scale, zero)
        return x
    inner = x.source if isinstance(x, Turned) else x
    if not isinstance(inner, Pictures) or scale.size != 1 or zero.size != 1:
        return foreign(node)
    factor = np.broadcast_to(scale.ravel(), x.channels)
    return scaled(node, x, factor, -factor * zero.ravel())


def dynamic_quantize(reader: Reader, node: Node) -> Term:
    """DynamicQuantizeLinear: as if its scale were 1 and its zero point 0."""
    x = reader.term(node)
    reader.note(NOTE)
    constants = np.float32(1), np.uint8(0)
    for tensor, value in zip(node.outputs[1:], constants, strict=False):
        reader.graph.constants.add(tensor, np.array(value))
    reader.quantizers[node.outputs[0]] = np.ones(()), np.zeros(())
    return x


def convolve_integers(reader: Reader, node: Node) -> Term:
    """ConvInteger: a convolution whose output still lacks the scales."""
    weight, x = _integer_weights(reader, node)
    check_kernels(node, weight)
    return read_convolution(reader, node, x, weight, np.zeros(len(weight)))


def multiply_integers(reader: Reader, node: Node) -> Term:
    """MatMulInteger: a matrix whose output still lacks the scales."""
    weight, x = _integer_weights(reader, node)
    if weight.ndim != 2:
        return foreign(node)
    return read_matrix(node, x, weight.T, np.zeros(weight.shape[-1]))


def convolve(reader: Reader, node: Node) -> Term:
    """QLinearConv: x, scale, zero, w, scale, zero, output's scale, zero, bias."""
    weight = _dequantized(reader, node, 3, axis=0)
    check_kernels(node, weight)
    bias = _dequantized_bias(reader, node, 8, len(weight))
    x = read_convolution(reader, node, _input(reader, node, 0), weight, bias)
    return quantized(reader, node, x, 6, 7)


def multiply(reader: Reader, node: Node) -> Term:
    """QLinearMatMul: a, scale, zero, b, scale, zero, output's scale, zero."""
    weight = _dequantized(reader, node, 3, axis=1)
    if weight.ndim != 2:
        return foreign(node)
    x = read_matrix(node, _input(reader, node, 0), weight.T, np.zeros(weight.shape[-1]))
    return quantized(reader, node, x, 6, 7)


def gemm(reader: Reader, node: Node) -> Term:
    """onnxruntime's QGemm: a, scale, zero, b, scale, zero, c, output's scale, zero."""
    axis = 0 if node.integer("transB", 0) else 1
    weight = _dequantized(reader, node, 3, axis)
    if node.number("alpha", 1.0) != 1 or weight.ndim != 2:
        return foreign(node)
    bias = _dequantized_bias(reader, node, 6, weight.shape[axis])
    x = read_gemm(node, _input(reader, node, 0), weight, bias)
    return quantized(reader, node, x, 7, 8) if node.input(7) else x


def add(reader: Reader, node: Node) -> Term:
    """onnxruntime's QLinearAdd: a, scale, zero, b, scale, zero, output's scale, zero."""
    constants = [at for at in (0, 3) if reader.is_constant(node, at)]
    if not constants:
        x = summed(node, _input(reader, node, 0), _input(reader, node, 3))
        return quantized(reader, node, x, 6, 7)
    return foreign(node)


def concat(reader: Reader, node: Node) -> Term:
    """onnxruntime's QLinearConcat: output's scale, zero, then (x, scale, zero) for each map."""
    sources = tuple(_input(reader, node, at) for at in range(2, len(node.inputs), 3))
    return quantized(reader, node, read_concat(node, sources), 0, 1)


def average(reader: Reader, node: Node) -> Term:
    """onnxruntime's QLinearGlobalAveragePool and QLinearAveragePool.

    Inputs are x, scale, zero, output's scale, zero.
    """
    if node.integer("channels_last", 0):
        return foreign(node)
    x = _input(reader, node, 0)
    if "Global" in node.operator:
        return quantized(reader, node, averaged(node, x), 3, 4)
    return quantized(reader, node, average_pool(reader, node), 3, 4)


def softmax(reader: Reader, node: Node) -> Term:
    """onnxruntime's QLinearSoftmax of the average."""
    x = _input(reader, node, 0)
    return Ranked(node, x.shape, False, x) if x.shape[1:] == (1, 1) else foreign(node)


def quantized(reader: Reader, node: Node, x: Term, scale_at: int, zero_at: int) -> Term:
    """The map of which a quantizer makes integers, with its ReLU if its range begins at 0."""
    scale, zero = _scale(reader, node, scale_at), _zero(reader, node, zero_at)
    reader.quantizers[node.outputs[0]] = scale, zero
    reader.note(NOTE)
    kind = reader.constant(node, zero_at).dtype if node.input(zero_at) else np.dtype(np.uint8)
    if isinstance(x, Ranked):
        return x
    if isinstance(x.source if isinstance(x, Turned) else x, Pictures):
        ends = [
            (end - zero.ravel()[0]) * scale.ravel()[0]
            for end in (np.iinfo(kind).min, np.iinfo(kind).max)
        ]
        reader.note(
            f"{node.title} holds an input of {ends[0]:.3g} to {ends[1]:.3g}; the network's "
            "preprocessing should make the same"
        )
        return x
    return rectified(node, x) if (zero == np.iinfo(kind).min).all() else x


def _input(reader: Reader, node: Node, index: int) -> Term:
    """A map that is read as integers with the scale and zero point of the next two inputs."""
    x = reader.any_term(node, index)
    scale, zero = _scale(reader, node, index + 1), _zero(reader, node, index + 2)
    _check_same(reader, node, node.input(index), scale, zero)
    return x


def _check_same(reader: Reader, node: Node, name: str, scale: np.ndarray, zero: np.ndarray) -> None:
    """Raises FirelineError unless a map is read with the scale with which it was written."""
    own = reader.quantizers.get(name)
    if own is None or not (np.array_equal(own[0], scale) and np.array_equal(own[1], zero)):
        raise FirelineError(
            f"{node.where} reads {name!r} with another scale or zero point than it has; "
            "give the float network"
        )


def _integer_weights(reader: Reader, node: Node) -> tuple[np.ndarray, Term]:
    """Weights without zero point, divided by the scale of the map, and the map."""
    name = node.input(0)
    x = reader.any_term(node)
    scale, zero = reader.quantizers.get(name, (np.zeros(()), np.zeros(())))
    if not scale.all() or not np.array_equal(_zero(reader, node, 2), zero):
        raise FirelineError(
            f"{node.where} reads {name!r}, which no quantizer makes; give the float network"
        )
    weight = reader.integers(node, 1).astype(np.float64)
    offset = _along(node, _zero(reader, node, 3), weight, 0 if weight.ndim == 4 else 1)
    return (weight - offset) / scale, x


def _dequantized(reader: Reader, node: Node, index: int, axis: int) -> np.ndarray:
    """Weights of which the next two inputs are scale and zero point, one or one per channel."""
    weight = reader.integers(node, index).astype(np.float64)
    scale = _along(node, _scale(reader, node, index + 1), weight, axis)
    zero = _along(node, _zero(reader, node, index + 2), weight, axis)
    return finite(node, node.input(index), (weight - zero) * scale)


def _dequantized_bias(reader: Reader, node: Node, index: int, channels: int) -> np.ndarray:
    """A bias, whose scale is that of the map times that of the weights; zeros if it is omitted."""
    if not node.input(index):
        return np.zeros(channels)
    bias = reader.integers(node, index)
    check_length(node, bias, channels)
    scales = _along(node, _scale(reader, node, 1), bias, 0) * _along(
        node, _scale(reader, node, 4), bias, 0
    )
    return bias * scales


def _along(node: Node, values: np.ndarray, weight: np.ndarray, axis: int) -> np.ndarray:
    """One value, or one for each index of an axis, in a shape that broadcasts over the weights."""
    if values.size == 1:
        return values.ravel()
    if weight.ndim <= axis or values.size != weight.shape[axis]:
        raise FirelineError(
            f"{node.where} has {values.size} scales or zero points for its weights; use one, or "
            "one for each output channel"
        )
    return values.reshape([-1 if each == axis else 1 for each in range(weight.ndim)])


def _scale(reader: Reader, node: Node, index: int) -> np.ndarray:
    values = reader.weights(node, index)
    if not values.size or values.min() <= 0:
        raise FirelineError(f"{node.where} has a scale that is not above zero; quantize it again")
    return values


def _zero(reader: Reader, node: Node, index: int) -> np.ndarray:
    if not node.input(index):
        return np.zeros(())
    values = reader.constant(node, index)
    if values.dtype.kind not in "iu" or not values.size:
        raise FirelineError(
            f"{node.where} has {values.size} zero points of {values.dtype}; give the float network"
        )
    return values.astype(np.float64)
