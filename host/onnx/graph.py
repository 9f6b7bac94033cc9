"""A float ONNX file as nodes and constants; every field of the file is checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, numpy_helper

from ...errors import FirelineError

MAXIMUM_BYTES = 1 << 29
"""Greatest size of a file; networks of the family take a few megabytes."""
SAME = ("Identity", "Dropout")
"""Operators whose output equals their first input."""
FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE)


@dataclass(frozen=True)
class Node:
    """An operator of the graph."""

    operator: str
    title: str  # operator and name, as messages show them
    file: str  # "weights FILE"
    inputs: tuple[str, ...]  # names of tensors; "" stands for an omitted one
    attributes: Mapping[str, object]  # int, float, str or tuple of int

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

    def input(self, index: int) -> str:
        """The name of the input tensor with that index; "" if it is omitted."""
        return self.inputs[index] if index < len(self.inputs) else ""


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes by their output. Identities and dropouts are removed; the graph has no cycles."""

    file: str  # "weights FILE"
    input: str  # the tensor that takes the pictures
    size: tuple[int, int] | None  # height and width of the input, if the file states them
    output: str
    nodes: Mapping[str, Node]  # by the first tensor that they write
    constants: Mapping[str, TensorProto]
    folder: Path

    def node(self, tensor: str, wanted: str, *operators: str) -> Node:
        """The node that writes a tensor; FirelineError unless it has one of these operators.

        ``wanted`` names the expected part in the message.
        """
        if tensor not in self.nodes:
            what = "its input" if tensor == self.input else f"{tensor!r}"
            raise FirelineError(
                f"{self.file}: {what} stands where {wanted} is expected; "
                "use a network of the SqueezeNet family"
            )
        node = self.nodes[tensor]
        if node.operator not in operators:
            raise FirelineError(
                f"{node.where} stands where {wanted} is expected; "
                "use a network of the SqueezeNet family"
            )
        return node

    def constant(self, node: Node, index: int) -> np.ndarray | None:
        """The constant that a node reads as that input; None if it is computed or omitted."""
        tensor = self.constants.get(node.input(index))
        return None if tensor is None else _array(node.where, tensor, self.folder)

    def weights(self, node: Node, index: int) -> np.ndarray:
        """The constant as finite float64 in the range of float32; FirelineError if it is none."""
        values = self.constant(node, index)
        name = node.input(index)
        if values is None:
            raise FirelineError(
                f"{node.where} reads {name!r}, which is not a constant; "
                "export the network with its weights"
            )
        if self.constants[name].data_type not in FLOATS:
            raise FirelineError(f"{node.where}: {name!r} is {values.dtype}; export it as float32")
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # gives infinity or NaN, which the next lines refuse
            values = values.astype(np.float32).astype(np.float64)
        if not np.isfinite(values).all():
            raise FirelineError(f"{node.where}: {name!r} holds NaN or infinity; train again")
        return values


def read_graph(path: str | Path) -> Graph:
    """The graph of an ONNX file with one input and one output.

    Weights may lie in another file of the same folder. Raises FirelineError when the file is
    missing, damaged or larger than 512 MiB, or has more inputs or outputs.
    """
    path = Path(path)
    file = f"weights {path}"
    if not path.is_file():
        raise FirelineError(f"{file}: no such file; check the path")
    if path.stat().st_size > MAXIMUM_BYTES:
        raise FirelineError(f"{file}: larger than 512 MiB; use a network of the SqueezeNet family")
    data = path.read_bytes()
    try:
        proto = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf raises types of its own
        raise FirelineError(
            f"{file}: not an ONNX file, or truncated; use an intact file"
        ) from error
    return _graph(file, proto.graph, path.parent)


def _graph(file: str, proto: onnx.GraphProto, folder: Path) -> Graph:
    constants = {tensor.name: tensor for tensor in proto.initializer}
    inputs = [value for value in proto.input if value.name not in constants]
    if len(inputs) != 1 or len(proto.output) != 1:
        raise FirelineError(
            f"{file}: the graph has {len(inputs)} inputs and {len(proto.output)} outputs; "
            "use a network with one of each"
        )
    nodes: dict[str, Node] = {}
    names = {
        name: name for name in (*constants, inputs[0].name, "")
    }  # tensors by their names in the file
    for each in proto.node:
        node = _node(file, each, names)
        writes = [name for name in each.output if name]
        if twice := [name for name in writes if name in names]:
            raise FirelineError(f"{node.where} writes {twice[0]!r} again; export the network again")
        names |= {name: name for name in writes}
        if node.operator == "Constant" and writes and (value := _constant(each)) is not None:
            constants[writes[0]] = value
        elif node.operator in SAME and writes and node.inputs:
            names[writes[0]] = node.inputs[0]
        elif writes:
            nodes[writes[0]] = node
    output = names.get(proto.output[0].name, proto.output[0].name)
    return Graph(file, inputs[0].name, _size(inputs[0]), output, nodes, constants, folder)


def _node(file: str, proto: onnx.NodeProto, names: Mapping[str, str]) -> Node:
    """The node; FirelineError if it reads a tensor that no earlier node writes."""
    operator = proto.op_type
    if proto.domain not in ("", "ai.onnx"):
        operator = f"{proto.domain}.{operator}"
    name = proto.name or (proto.output[0] if proto.output else "")
    title = f"{repr(operator)[1:-1]} {name!r}"
    for tensor in proto.input:
        if tensor not in names:
            raise FirelineError(
                f"{file}: {title} reads {tensor!r}, which no earlier node writes; "
                "export the network again"
            )
    inputs = tuple(names[tensor] for tensor in proto.input)
    attributes = {each.name: _value(each) for each in proto.attribute}
    return Node(operator, title, file, inputs, attributes)


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


def _constant(proto: onnx.NodeProto) -> TensorProto | None:
    """The output of a Constant node, if it is a tensor or a list of integers."""
    for attribute in proto.attribute:
        if attribute.name == "value":
            return attribute.t
        if attribute.name == "value_ints":
            return numpy_helper.from_array(np.array(attribute.ints, np.int64))
    return None


def _size(proto: onnx.ValueInfoProto) -> tuple[int, int] | None:
    sides = [dimension.dim_value for dimension in proto.type.tensor_type.shape.dim]
    return (sides[2], sides[3]) if len(sides) == 4 and min(sides[2:]) > 0 else None


def _array(where: str, tensor: TensorProto, folder: Path) -> np.ndarray:
    if tensor.data_location == TensorProto.EXTERNAL:
        inside = TensorProto(dims=tensor.dims, data_type=tensor.data_type)
        inside.raw_data = _external(f"{where}: {tensor.name!r}", tensor, folder)
        tensor = inside
    try:
        return numpy_helper.to_array(tensor)
    except Exception as error:  # onnx raises many types for damaged tensors
        raise FirelineError(
            f"{where}: {tensor.name!r} does not hold as many values as its shape; "
            "use an intact file"
        ) from error


def _external(where: str, tensor: TensorProto, folder: Path) -> bytes:
    """The bytes of a tensor in another file of the folder; FirelineError for any other place."""
    fields = {entry.key: entry.value for entry in tensor.external_data}
    name = str(fields.get("location", ""))  # bytes if it is not valid UTF-8
    path = folder / name
    if Path(name).name != name or path.is_symlink() or not path.is_file():
        raise FirelineError(
            f"{where} lies in {name!r}, which is not a file in the same folder; "
            "keep both in one folder"
        )
    size = path.stat().st_size
    try:
        start = int(fields.get("offset", 0))
        length = int(fields.get("length", size - start))
    except ValueError:
        start = length = -1
    if start < 0 or not 0 <= length <= min(size - start, MAXIMUM_BYTES):
        raise FirelineError(f"{where} lies beyond the end of {name!r}; use intact files")
    with path.open("rb") as file:
        file.seek(start)
        return file.read(length)
