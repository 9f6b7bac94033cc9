"""Constants that nodes compute from constants: as onnxruntime does, and never too large."""

import numpy as np
import onnxruntime
import pytest
from fireline.errors import FirelineError
from fireline.host.onnx.constants import COMPUTED, MAXIMUM_VALUES, compute
from onnx import TensorProto, helper, numpy_helper

X = np.arange(-3, 9, dtype=np.float32).reshape(3, 4)
ONE = numpy_helper.from_array(np.array([7], np.int64))
I64 = np.int64
CASES = {
    "Add": ([X, X], {}),
    "Sub": ([X, X[:1]], {}),
    "Mul": ([X, X[:, :1]], {}),
    "Div": ([X, X + 20], {}),
    "Pow": ([X, np.float32([2])], {}),
    "Sqrt": ([X + 3], {}),
    "Neg": ([X], {}),
    "Reciprocal": ([X + 20], {}),
    "Abs": ([X], {}),
    "Max": ([X, X[::-1].copy()], {}),
    "Min": ([X, np.float32([1])], {}),
    "Equal": ([X, X], {}),
    "Where": ([X > 0, X, -X], {}),
    "Cast": ([X], {"to": TensorProto.INT64}),
    "Identity": ([X], {}),
    "Clip": ([X, np.float32(0), np.float32(3)], {}),
    "QuantizeLinear": ([X, np.float32(0.5), np.uint8(3)], {}),
    "DequantizeLinear": (
        [np.int8([[1, 2], [3, 4]]), np.float32([0.5, 2]), np.int8([0, 1])],
        {"axis": 0},
    ),
    "Reshape": ([X, I64([2, -1])], {}),
    "Transpose": ([X], {"perm": [1, 0]}),
    "Squeeze": ([X[:1], I64([0])], {}),
    "Unsqueeze": ([X, I64([0, 3])], {}),
    "Flatten": ([X], {"axis": 0}),
    "Shape": ([X], {}),
    "Slice": ([X, I64([0]), I64([-1]), I64([1]), I64([2])], {}),
    "Concat": ([X, X], {"axis": 1}),
    "ConstantOfShape": ([I64([2, 3])], {"value": ONE}),
    "Expand": ([X[:1], I64([3, 4])], {}),
    "Gather": ([X, I64([2, 0])], {"axis": 0}),
    "Range": ([I64(2), I64(9), I64(3)], {}),
}


def test_every_operator_is_tested():
    assert set(CASES) == set(COMPUTED)


@pytest.mark.parametrize("operator", CASES)
def test_as_onnxruntime(operator):
    inputs, attributes = CASES[operator]
    names = [f"i{index}" for index in range(len(inputs))]
    node = helper.make_node(operator, names, ["y"], **attributes)
    found = compute("here", node, 17, inputs)
    values = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
        for n, v in zip(names, inputs, strict=True)
    ]
    output = helper.make_tensor_value_info("y", helper.np_dtype_to_tensor_dtype(found.dtype), None)
    graph = helper.make_graph([node], "g", values, [output])
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    session = onnxruntime.InferenceSession(model.SerializeToString())
    feeds = {name: np.asarray(value) for name, value in zip(names, inputs, strict=True)}
    (expected,) = session.run(None, feeds)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-6)


BIG = I64([1 << 20, 1 << 20])
LONG = np.zeros((1 << 13, 1), np.float32)


@pytest.mark.parametrize(
    ("operator", "inputs"),
    [
        ("ConstantOfShape", [BIG]),
        ("Expand", [X[:1, :1], BIG]),
        ("Gather", [np.zeros((1, 1 << 14)), np.zeros(1 << 14, I64)]),
        ("Range", [I64(0), I64(1 << 40), I64(1)]),
        ("Add", [LONG, LONG.T]),
        ("Concat", [np.broadcast_to(np.float32(0), (MAXIMUM_VALUES // 2 + 1,))] * 2),
    ],
)
def test_too_large(operator, inputs):
    """Refused before it is made."""
    names = [f"i{index}" for index in range(len(inputs))]
    node = helper.make_node(operator, names, ["y"])
    with pytest.raises(FirelineError, match=r"^here makes a constant of more than 33554432 values"):
        compute("here", node, 17, inputs)


@pytest.mark.parametrize(
    ("operator", "inputs"),
    [
        ("Add", [X, X[:2]]),
        ("Reshape", [X, I64([5, -1])]),
        ("Clip", []),
        ("Concat", [X]),
        ("Range", [I64(0), I64(1), I64(0)]),
    ],
)
def test_what_does_not_fit(operator, inputs):
    node = helper.make_node(operator, [f"i{index}" for index in range(len(inputs))], ["y"])
    with pytest.raises(FirelineError, match=r"^here cannot be computed from its constants; export"):
        compute("here", node, 17, inputs)
