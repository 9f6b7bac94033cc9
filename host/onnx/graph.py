"""ONNX files as nodes and constants: what the file says, checked but not yet understood."""

import graphlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import onnx
from onnx import AttributeProto, TensorProto

from ...errors import FirelineError
from ..reading import read_bytes
from .constants import FLOATS, Constants, constant_of
from .functions import inline_functions
from .limits import MAXIMUM_BYTES, MAXIMUM_NODES

OWN_DOMAINS = ("", "ai.onnx")


@dataclass(frozen=True, eq=False)
class Node:
    """An operator of the file."""

    operator: str  # with its domain, if that is not ONNX's own
    title: str  # operator and name, as messages show them
    file: str  # "weights FILE"
    inputs: tuple[str, ...]  # names of tensors; "" stands for an omitted one
    attributes: Mapping[str, object]  # int, float, str, tuple of int, TensorProto or None
    outputs: tuple[str, ...] = ()
    proto: onnx.NodeProto = field(default_factory=onnx.NodeProto, repr=False)

    @property
    def where(self) -> str:
        """The first words of a message about the node."""
        return f"{self.file}: {self.title}"

    def ints(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """A list attribute; FirelineError unless it is as long as the default."""
        value = self.attributes.get(name, default)
        if not isinstance(value, tuple) or len(value) != len(default):
            raise FirelineError(f"{self.where} has {name} {value!r}; use {len(default)} integers")
        return value

    def number(self, name: str, default: float) -> float:
        """A scalar attribute; FirelineError unless it is a number."""
        value = self.attributes.get(name, default)
        if not isinstance(value, int | float):
            raise FirelineError(f"{self.where} has {name} {value!r}; use a number")
        return value

    def integer(self, name: str, default: int) -> int:
        """A scalar attribute; FirelineError unless it is an integer."""
        value = self.attributes.get(name, default)
        if not isinstance(value, int):
            raise FirelineError(f"{self.where} has {name} {value!r}; use an integer")
        return value

    def input(self, index: int) -> str:
        """The name of the input tensor with that index; "" if it is omitted."""
        return self.inputs[index] if index < len(self.inputs) else ""


@dataclass(frozen=True, eq=False)
class Graph:
    """What the file computes. The graph has no cycles."""

    file: str  # "weights FILE"
    input: str  # the tensor that takes the pictures
    dimensions: tuple[int, ...]  # of the input; 0 where the file does not state one
    integers: bool  # whether the input holds integers
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]  # that the outputs depend on, each after those that it reads
    constants: Constants
    opset: int  # version of ONNX's operators


def read_graph(path: str | Path) -> Graph:
    """The graph of an ONNX file with one input, its local functions inlined.

    Weights may lie in other files of the same folder. Raises FirelineError when the file is
    missing, damaged or larger than 512 MiB, or has more inputs.
    """
    path = Path(path)
    file = f"weights {path}"
    remedy = "use a network of the SqueezeNet family"
    data = read_bytes(path, "weights", MAXIMUM_BYTES, remedy)
    try:
        proto = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf raises types of its own
        raise FirelineError(
            f"{file}: not an ONNX file, or truncated; use an intact file"
        ) from error
    return _graph(file, inline_functions(file, proto), path.parent)


def _graph(file: str, model: onnx.ModelProto, folder: Path) -> Graph:
    proto = model.graph
    if not proto.node:
        raise FirelineError(f"{file}: holds no graph; use an intact file")
    if len(proto.node) > MAXIMUM_NODES:
        raise FirelineError(
            f"{file}: {len(proto.node)} nodes, more than {MAXIMUM_NODES}; "
            "use a network of the SqueezeNet family"
        )
    constants = Constants(file, folder, {tensor.name: tensor for tensor in proto.initializer})
    inputs = [value for value in proto.input if value.name not in constants]
    if len(inputs) != 1 or not proto.output:
        raise FirelineError(
            f"{file}: the graph has {len(inputs)} inputs and {len(proto.output)} outputs; "
            "export a network with one input, the picture, and one output, the classes"
        )
    writers: dict[str, Node] = {}  # by the tensors that they write
    for each in proto.node:
        node = _node(file, each)
        for tensor in filter(None, node.outputs):
            if tensor in writers or tensor in constants or tensor == inputs[0].name:
                raise FirelineError(f"{node.where} writes {tensor!r} again; export it again")
            if (value := constant_of(each)) is not None:
                constants.add(tensor, value)
            else:
                writers[tensor] = node
    known = {inputs[0].name, *constants}
    outputs = tuple(value.name for value in proto.output)
    for tensor in outputs:
        if tensor not in writers and tensor not in known:
            raise FirelineError(f"{file}: no node writes the output {tensor!r}; export it again")
    kind = inputs[0].type.tensor_type
    if kind.elem_type not in (TensorProto.UNDEFINED, TensorProto.UINT8, *FLOATS):
        raise FirelineError(
            f"{file}: the input {inputs[0].name!r} takes neither floats nor uint8; "
            "export a network that takes pictures"
        )
    return Graph(
        file,
        inputs[0].name,
        tuple(max(dimension.dim_value, 0) for dimension in kind.shape.dim),
        kind.elem_type == TensorProto.UINT8,
        outputs,
        _in_order(file, outputs, writers, known),
        constants,
        max([each.version for each in model.opset_import if each.domain in OWN_DOMAINS] or [1]),
    )


def _in_order(
    file: str, outputs: tuple[str, ...], writers: Mapping[str, Node], known: set[str]
) -> tuple[Node, ...]:
    """The nodes that the outputs depend on, each after those that it reads, else as in the file."""
    sorter: graphlib.TopologicalSorter[str] = graphlib.TopologicalSorter()
    waiting = [tensor for tensor in outputs if tensor in writers]
    seen = set(waiting)
    while waiting:
        tensor = waiting.pop()
        node = writers[tensor]
        for source in filter(None, node.inputs):
            if source in writers:
                sorter.add(tensor, source)
                if source not in seen:
                    seen.add(source)
                    waiting.append(source)
            elif source not in known:
                raise FirelineError(
                    f"{file}: {node.title} reads {source!r}, which no node writes; "
                    "export the network again"
                )
        sorter.add(tensor)
    in_file = [node for node in dict.fromkeys(writers.values()) if seen.intersection(node.outputs)]
    try:
        order = list(sorter.static_order())  # for files that have another order
    except graphlib.CycleError as error:
        raise FirelineError(
            f"{writers[error.args[1][0]].where} depends on its own output; export the network again"
        ) from error
    written = set(known)
    for node in in_file:
        if not written.issuperset(filter(None, node.inputs)):
            return tuple(dict.fromkeys(writers[tensor] for tensor in order))
        written.update(node.outputs)
    return tuple(in_file)


def _node(file: str, proto: onnx.NodeProto) -> Node:
    operator = str(proto.op_type)  # bytes if it is not valid UTF-8
    if proto.domain not in OWN_DOMAINS:
        operator = f"{proto.domain}.{operator}"
    name = proto.name or (proto.output[0] if proto.output else "")
    title = f"{repr(operator)[1:-1]} {name!r}"
    attributes = {each.name: _value(each) for each in proto.attribute}
    return Node(operator, title, file, tuple(proto.input), attributes, tuple(proto.output), proto)


def _value(proto: AttributeProto) -> object:
    match proto.type:
        case AttributeProto.INT:
            return proto.i
        case AttributeProto.FLOAT:
            return proto.f
        case AttributeProto.STRING:
            return proto.s.decode(errors="replace")
        case AttributeProto.INTS:
            return tuple(proto.ints)
    return None
