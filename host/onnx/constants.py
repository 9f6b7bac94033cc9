"""The constants of an ONNX file, and what nodes compute from constants alone."""

import warnings
from collections.abc import Iterator, Mapping
from math import ceil, prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from ...errors import FirelineError
from .limits import MAXIMUM_BYTES, MAXIMUM_VALUES

FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE)
ELEMENTWISE = (
    "Add", "Sub", "Mul", "Div", "Pow", "Sqrt", "Neg", "Reciprocal", "Abs", "Max", "Min", "Equal",
    "Where", "Cast", "Identity", "Clip", "QuantizeLinear", "DequantizeLinear",
)  # fmt: skip
"""Operators that are computed; their output is as large as their inputs broadcast."""
RESHAPING = (
    "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Shape", "Slice", "Concat",
)  # fmt: skip
"""Operators that are computed; their output has at most as many values as all inputs."""
GROWING = ("ConstantOfShape", "Expand", "Gather", "Range")
"""Operators that are computed; their output may have more values than their inputs."""
UNCHANGED = ("QuantizeLinear", "DequantizeLinear", "Cast")
"""Operators that the evaluator only knows as of version 19, and that were the same before."""
COMPUTED = (*ELEMENTWISE, *RESHAPING, *GROWING)


class Constants(Mapping[str, np.ndarray]):
    """Constants by tensor name. They are decoded when they are first read."""

    def __init__(self, file: str, folder: Path, tensors: dict[str, TensorProto]) -> None:
        self._file, self._folder = file, folder
        self._tensors: dict[str, TensorProto] = tensors
        self._values: dict[str, np.ndarray] = {}
        self._outside = 0  # bytes in other files that were read

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __contains__(self, name: object) -> bool:
        return name in self._tensors

    def __getitem__(self, name: str) -> np.ndarray:
        """The values; FirelineError if the file does not hold as many as the shape says."""
        if name not in self._values:
            self._values[name] = self._decode(name, self._tensors[name])
        return self._values[name]

    def add(self, name: str, value: TensorProto | np.ndarray) -> None:
        """Adds a constant that a node writes."""
        if isinstance(value, np.ndarray):
            self._values[name] = value
            value = TensorProto(data_type=helper.np_dtype_to_tensor_dtype(value.dtype))
        self._tensors[name] = value

    def is_float(self, name: str) -> bool:
        """Whether the values are floats of 16 bits or more."""
        return self._tensors[name].data_type in FLOATS

    def _decode(self, name: str, tensor: TensorProto) -> np.ndarray:
        where = f"{self._file}: {name!r}"
        if tensor.data_location == TensorProto.EXTERNAL:
            inside = TensorProto(dims=tensor.dims, data_type=tensor.data_type)
            inside.raw_data = self._external(where, tensor)
            tensor = inside
        try:
            return numpy_helper.to_array(tensor)
        except Exception as error:  # onnx raises many types for damaged tensors
            raise FirelineError(
                f"{where} does not hold as many values as its shape; use an intact file"
            ) from error

    def _external(self, where: str, tensor: TensorProto) -> bytes:
        """The bytes of a tensor in another file of the folder; no other place is read."""
        fields = {entry.key: entry.value for entry in tensor.external_data}
        name = str(fields.get("location", ""))  # bytes if it is not valid UTF-8
        path = self._folder / name
        if Path(name).name != name:
            raise FirelineError(
                f"{where} lies in {name!r}, which is not in the folder of this file; save the "
                "network with its data in one folder (`location` is a name alone)"
            )
        if path.is_symlink():
            raise FirelineError(
                f"{where} lies in {name!r}, which is a symbolic link; put a copy of the file there"
            )
        if not path.is_file():
            raise FirelineError(
                f"{where} lies in {name!r}, which is not beside this file; put it there"
            )
        size = path.stat().st_size
        try:
            start = int(fields.get("offset", 0))
            length = int(fields.get("length", size - start))
        except ValueError:
            start = length = -1
        if start < 0 or not 0 <= length <= size - start:
            raise FirelineError(f"{where} lies beyond the end of {name!r}; use intact files")
        self._outside += length
        if self._outside > MAXIMUM_BYTES:
            raise FirelineError(
                f"{where}: constants of more than 512 MiB; use a network of the SqueezeNet family"
            )
        with path.open("rb") as file:
            file.seek(start)
            return file.read(length)


def constant_of(node: onnx.NodeProto) -> TensorProto | None:
    """The output of a Constant node, if it is a tensor or a list of numbers."""
    if node.op_type != "Constant":
        return None
    for attribute in node.attribute:
        match attribute.name:
            case "value":
                return attribute.t
            case "value_int":
                return numpy_helper.from_array(np.array(attribute.i, np.int64))
            case "value_ints":
                return numpy_helper.from_array(np.array(attribute.ints, np.int64))
            case "value_float":
                return numpy_helper.from_array(np.array(attribute.f, np.float32))
            case "value_floats":
                return numpy_helper.from_array(np.array(attribute.floats, np.float32))
    return None


def compute(where: str, node: onnx.NodeProto, opset: int, inputs: list[np.ndarray]) -> np.ndarray:
    """The first output of a node of ``COMPUTED`` that reads constants; ``where`` begins messages.

    Raises FirelineError if the output is too large, or the constants do not fit.
    """
    try:
        if _size(node, inputs) > MAXIMUM_VALUES:
            raise FirelineError(
                f"{where} makes a constant of more than {MAXIMUM_VALUES} values; "
                "use a network of the SqueezeNet family"
            )
        own = onnx.NodeProto()
        own.CopyFrom(node)
        own.domain = ""
        names = [name for name in own.input if name]
        anything = [helper.make_tensor_value_info(name, 0, None) for name in {*names}]
        output = [helper.make_tensor_value_info(own.output[0], 0, None)]
        graph = helper.make_graph([own], "constant", anything, output)
        newer = max(opset, 21) if node.op_type in UNCHANGED else opset
        opsets = [helper.make_opsetid("", newer)]
        model = helper.make_model(graph, opset_imports=opsets)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            feeds = dict(zip(names, inputs, strict=True))
            outputs: Any = ReferenceEvaluator(model).run(None, feeds)
            return np.asarray(outputs[0])
    except FirelineError:
        raise
    except Exception as error:  # the evaluator and numpy raise many types
        raise FirelineError(
            f"{where} cannot be computed from its constants; export the network again"
        ) from error


def _size(node: onnx.NodeProto, inputs: list[np.ndarray]) -> int:
    """An upper bound of the number of values that a node makes."""
    match node.op_type:
        case "ConstantOfShape":
            return prod(int(side) for side in inputs[0].ravel()[:16])
        case "Expand":
            return inputs[0].size * prod(int(side) for side in inputs[1].ravel()[:16])
        case "Gather":
            return inputs[0].size * inputs[1].size
        case "Range":
            start, limit, delta = (float(each) for each in inputs)
            return ceil(abs((limit - start) / delta))
        case operator if operator in RESHAPING or "Linear" in operator:
            return sum(each.size for each in inputs)
    return prod(np.broadcast_shapes(*(each.shape for each in inputs)))
