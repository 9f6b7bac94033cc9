"""The operators of a SqueezeNet in an ONNX graph, checked to compute what Fireline computes."""

from dataclasses import dataclass

import numpy as np

from ...errors import FirelineError
from ..network.architecture import Layer
from ..network.stage import MAX_POOLS, MaxPool
from .graph import Graph, Node

AFTER_AVERAGE = ("Softmax", "LogSoftmax", "Flatten", "Reshape", "Squeeze")
"""Operators that may follow the average, because they do not change the best class."""


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution of the file, with batch normalisation folded in."""

    node: Node
    source: str  # the tensor that it reads
    weight: np.ndarray  # float64 [cout, cin, k, k]
    bias: np.ndarray  # float64 [cout]
    stride: int
    padding: int

    def require(self, kernel: int) -> "Convolution":
        """Returns itself; FirelineError unless it has that kernel and keeps the size of a map."""
        found = self.weight.shape[2], self.stride, self.padding
        wanted = kernel, 1, kernel // 2
        if found != wanted:
            raise FirelineError(
                f"{self.node.where} has kernel, stride, padding {found} where {wanted} is "
                "expected; use a network of the SqueezeNet family"
            )
        return self

    def check_shape(self, layer: Layer) -> None:
        """Raises FirelineError unless the weights have the layer's shape."""
        wanted = layer.output_channels, layer.input_channels, layer.kernel, layer.kernel
        if self.weight.shape != wanted:
            raise FirelineError(
                f"{self.node.where}: {layer.name} has {_shape(self.weight.shape)} weights, but its "
                f"input needs {_shape(wanted)}; check the number of input channels"
            )


def read_convolution(graph: Graph, tensor: str, wanted: str) -> Convolution:
    """The convolution whose ReLU writes a tensor; FirelineError if another operator does.

    ``wanted`` names the expected part in the message.
    """
    relu = graph.node(tensor, wanted, "Relu")
    return read_linear(graph, relu.input(0), "a convolution")


def read_linear(graph: Graph, tensor: str, wanted: str) -> Convolution:
    """The convolution without a ReLU that writes a tensor; FirelineError as `read_convolution`."""
    node = graph.node(tensor, wanted, "Conv", "BatchNormalization")
    norm = None
    if node.operator == "BatchNormalization":
        norm, node = node, graph.node(node.input(0), "a convolution", "Conv")
    weight = graph.weights(node, 1)
    if weight.ndim != 4 or weight.shape[2] != weight.shape[3] or 0 in weight.shape:
        raise FirelineError(f"{node.where} has {_shape(weight.shape)} weights; use square kernels")
    bias = graph.weights(node, 2) if node.input(2) else np.zeros(len(weight))
    _check_length(node, bias, weight)
    if norm is not None:
        weight, bias = _fold_norm(graph, norm, weight, bias)
    return Convolution(node, node.input(0), weight, bias, *_geometry(node))


def read_pool(node: Node, height: int, width: int) -> MaxPool:
    """The max pool with the windows of a MaxPool on a map of that size.

    The file may write the windows in any way: ceil_mode, pads, auto_pad. Raises FirelineError if no
    max pool has them.
    """
    kernel, strides = node.ints("kernel_shape", (0, 0)), node.ints("strides", (1, 1))
    dilations = node.ints("dilations", (1, 1))
    if kernel not in ((2, 2), (3, 3)) or (strides, dilations) != ((2, 2), (1, 1)):
        raise FirelineError(
            f"{node.where} has kernel {kernel}, strides {strides}, dilations {dilations}; "
            "use 2x2 or 3x3 with stride 2"
        )
    pads = _pool_pads(node, kernel[0], (height, width))
    ceil = bool(node.number("ceil_mode", 0))
    windows = [
        _windows(side, kernel[0], start, end, ceil)
        for side, start, end in zip((height, width), pads[:2], pads[2:], strict=True)
    ]
    for pool in MAX_POOLS:
        if [pool.windows(height), pool.windows(width)] == windows:
            return pool
    raise FirelineError(
        f"{node.where} has pads {pads}, ceil_mode {int(ceil)} on a map of {height}x{width} pixels; "
        "use no pads, or 1 on all sides without ceil_mode"
    )


def _windows(side: int, kernel: int, start: int, end: int, ceil: bool) -> tuple[range, ...]:
    """The pixels of each window with stride 2 along an axis that is padded at both ends."""
    starts = range(-start, 2 * ((side + start + end - kernel + ceil) // 2 + 1) - start, 2)
    inside = [at for at in starts if not ceil or at < side]  # the others are ignored in ceil mode
    return tuple(range(max(at, 0), min(at + kernel, side)) for at in inside)


def _pool_pads(node: Node, kernel: int, size: tuple[int, int]) -> tuple[int, ...]:
    """The pads of a pool with stride 2: top, left, bottom, right."""
    automatic = node.attributes.get("auto_pad", "NOTSET")
    if automatic not in ("SAME_UPPER", "SAME_LOWER"):
        _check_automatic(node)
        return node.ints("pads", (0, 0, 0, 0))
    added = [max((side - 1) // 2 * 2 + kernel - side, 0) for side in size]
    less, more = [each // 2 for each in added], [each - each // 2 for each in added]
    return (*less, *more) if automatic == "SAME_UPPER" else (*more, *less)


def find_average(graph: Graph) -> Node:
    """The global average, which only softmax and changes of shape may follow."""
    tensor = graph.output
    while tensor in graph.nodes and graph.nodes[tensor].operator in AFTER_AVERAGE:
        tensor = graph.nodes[tensor].input(0)
    wanted = "the global average"
    return graph.node(tensor, wanted, "GlobalAveragePool", "AveragePool", "ReduceMean")


def check_average(graph: Graph, node: Node, layer: Layer) -> None:
    """Raises FirelineError unless the node averages over the whole map."""
    size = layer.input_height, layer.input_width
    if node.operator == "AveragePool":
        kernel, pads = node.ints("kernel_shape", (0, 0)), node.ints("pads", (0, 0, 0, 0))
        if kernel != size or any(pads):
            raise FirelineError(
                f"{node.where} has kernel {kernel}, pads {pads}; use the whole map, {size}"
            )
    if node.operator == "ReduceMean":
        listed = "axes" in node.attributes
        axes = node.ints("axes", (2, 3)) if listed else graph.constant(node, 1)
        axes = () if axes is None else tuple(np.ravel(axes).tolist())
        if axes not in ((2, 3), (3, 2), (-2, -1), (-1, -2)):
            raise FirelineError(f"{node.where} averages over axes {axes}; use 2 and 3")


def _fold_norm(
    graph: Graph, norm: Node, weight: np.ndarray, bias: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias with which the convolution alone computes what both compute."""
    scale, shift, mean, variance = (graph.weights(norm, index) for index in range(1, 5))
    for values in (scale, shift, mean, variance):
        _check_length(norm, values, weight)
    variance = variance + norm.number("epsilon", 1e-5)
    if not 0 < variance.min() < np.inf:
        raise FirelineError(f"{norm.where} has a variance that is not above zero; train again")
    factor = scale / np.sqrt(variance)
    weight, bias = weight * factor[:, None, None, None], shift + (bias - mean) * factor
    if max(np.abs(weight).max(), np.abs(bias).max()) > np.finfo(np.float32).max:
        raise FirelineError(f"{norm.where} scales weights beyond float32; train again")
    return weight, bias


def _geometry(node: Node) -> tuple[int, int]:
    """Stride and padding of a convolution; FirelineError unless they are equal on all sides."""
    strides, pads = node.ints("strides", (1, 1)), node.ints("pads", (0, 0, 0, 0))
    dilations, group = node.ints("dilations", (1, 1)), node.number("group", 1)
    _check_automatic(node)
    if len(set(strides)) > 1 or len(set(pads)) > 1 or dilations != (1, 1) or group != 1:
        raise FirelineError(
            f"{node.where} has strides {strides}, pads {pads}, dilations {dilations}, group "
            f"{group}; use equal strides, equal pads, no dilations and no groups"
        )
    return strides[0], pads[0]


def _check_automatic(node: Node) -> None:
    automatic = node.attributes.get("auto_pad", "NOTSET")
    if automatic not in ("NOTSET", "VALID"):
        raise FirelineError(f"{node.where} has auto_pad {automatic!r}; export explicit pads")


def _check_length(node: Node, values: np.ndarray, weight: np.ndarray) -> None:
    if values.shape != (len(weight),):
        raise FirelineError(
            f"{node.where} has {_shape(values.shape)} values for {len(weight)} channels; "
            "export the network again"
        )


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
