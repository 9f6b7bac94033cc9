"""From the nodes of an ONNX file to the map whose average are the scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import FirelineError
from ..network.stage import check_integer
from .constants import COMPUTED, compute
from .graph import Graph, Node
from .limits import MAXIMUM_WEIGHTS
from .operators.ends import classes_map
from .operators.quantized import NOTE
from .operators.reader import Reader, foreign
from .operators.table import READERS
from .rewrite.layout import turned
from .terms import Convolution, Joined, Pictures, Rectified, Term

NHWC = (0, 2, 3, 1)
"""The order of the axes of a map, of which the file has another."""
BEFORE_TRANSPOSE = (
    "Identity", "Cast", "Add", "Sub", "Mul", "Div", "Pad", "QuantizeLinear", "DequantizeLinear",
)  # fmt: skip
"""Operators that may stand between an input in NHWC and the Transpose to NCHW."""


@dataclass(frozen=True, eq=False)
class Found:
    """What the file computes."""

    classes: Term  # the map whose average are the scores
    height: int  # of the pictures
    width: int
    notes: tuple[str, ...]  # what was left out, a line each


def read_terms(graph: Graph, channels: int, height: int, width: int) -> Found:
    """The terms of a file, whose pictures have that shape where the file does not say another.

    Raises FirelineError, which names the node, for what no SqueezeNet has.
    """
    pictures = _pictures(graph, channels, height, width)
    reader = Reader(graph, {graph.input: pictures})
    weights = 0
    for node in graph.nodes:
        weights += _read(reader, node)
        if weights > MAXIMUM_WEIGHTS:
            raise FirelineError(
                f"{graph.file}: more than {MAXIMUM_WEIGHTS} weights up to {node.title}; "
                "use a network of the SqueezeNet family"
            )
    outputs = tuple(_output(reader, tensor) for tensor in graph.outputs)
    classes = classes_map(reader, outputs)
    return Found(classes, *pictures.shape[1:], tuple(reader.notes))


def _read(reader: Reader, node: Node) -> int:
    """Adds what a node writes to the terms, or to the constants if it reads only constants.

    Returns the number of weights that the new term holds.
    """
    constants = reader.graph.constants
    reads = [tensor for tensor in node.inputs if tensor]
    operator = node.operator.removeprefix("com.microsoft.")
    if reads and operator in COMPUTED and all(tensor in constants for tensor in reads):
        values = [constants[tensor] for tensor in reads]
        result = compute(node.where, node.proto, reader.graph.opset, values)
        constants.add(node.outputs[0], result)
        if operator == "DequantizeLinear":
            reader.note(NOTE)
        return 0
    read = READERS.get(node.operator, lambda reader, node: foreign(node))
    term = read(reader, node)
    for tensor in node.outputs:
        reader.terms[tensor] = term
    if node.input(0) in reader.quantizers and node.outputs[0] not in reader.quantizers:
        _carry_quantizer(reader, node)
    return 0 if term is reader.terms.get(node.input(0)) else _weights(term)


def _weights(term: Term) -> int:
    """The number of weights in the convolutions that a ReLU or a Concat reads."""
    match term:
        case Convolution():
            return term.weight.size
        case Rectified(source=Convolution() as source):
            return source.weight.size
        case Joined():
            return sum(map(_weights, term.sources))
    return 0


def _carry_quantizer(reader: Reader, node: Node) -> None:
    """Marks the output of an operator that moves a quantizer's integers as such integers."""
    if "Linear" not in node.operator and "Integer" not in node.operator:
        reader.quantizers[node.outputs[0]] = reader.quantizers[node.input(0)]


def _output(reader: Reader, tensor: str) -> Term:
    """The term of an output; FirelineError if no SqueezeNet has it."""
    node = Node("Output", f"output {tensor!r}", reader.graph.file, (tensor,), {})
    return reader.any_term(node)


def _pictures(graph: Graph, channels: int, height: int, width: int) -> Term:
    """The input, in the order of axes that the file has."""
    sides: Sequence[int] = graph.dimensions or (0, 0, 0, 0)
    if len(sides) != 4:
        raise FirelineError(
            f"{graph.file}: the input {graph.input!r} has {len(sides)} axes; export the network "
            "with an input [N, channels, height, width]"
        )
    is_nhwc = _is_transposed(graph)
    if is_nhwc:
        sides = sides[0], sides[3], sides[1], sides[2]
    channels = sides[1] or channels
    if min(sides[2:]) > 0:
        height, width = sides[2:]
    check_integer(f"{graph.file}: the input", "height", height, 1, 1024)
    check_integer(f"{graph.file}: the input", "width", width, 1, 1024)
    check_integer(f"{graph.file}: the input", "number of channels", channels, 1, 3)
    node = Node("Input", "its input", graph.file, (), {})
    one, zero = np.ones(channels), np.zeros(channels)
    shape = channels, height, width
    pictures = Pictures(node, shape, False, one, zero, graph.integers)
    return turned(node, pictures, NHWC) if is_nhwc else pictures


def _is_transposed(graph: Graph) -> bool:
    """Whether the file turns its input from NHWC to NCHW."""
    before = {graph.input}
    for node in graph.nodes:
        if node.input(0) in before or node.input(1) in before:
            if node.operator == "Transpose" and node.attributes.get("perm") == (0, 3, 1, 2):
                return True
            if node.operator in BEFORE_TRANSPOSE:
                before.update(node.outputs)
    return False
