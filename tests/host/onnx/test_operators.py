"""Operators that compute something else than a SqueezeNet's are refused with the reason."""

import dataclasses

import numpy as np
import onnx
import pytest
import torch
from fireline.errors import FirelineError
from fireline.host.golden import max_pool
from fireline.host.network.architecture import Conv1, Fire, MaxPool
from fireline.host.network.families import family
from fireline.host.onnx.graph import read_graph
from fireline.host.onnx.importer import read_onnx
from fireline.host.onnx.operators import find_average, read_convolution, read_pool
from onnx import TensorProto, helper, numpy_helper
from support.onnx_networks import Zoo, run_onnx, value

STAGES = (Conv1(8, 3, 2, 1), MaxPool(), Fire(4, 5, 6))
SMALL = dataclasses.replace(
    family("squeezenet1_1", size=20, classes=7), name="small", stages=STAGES
)


def read(tmp_path, change, **options):
    """Reads the network after a change to its graph."""
    builder = Zoo(SMALL, **options)
    change(builder.model.graph)
    return read_onnx(builder.save(tmp_path / "w.onnx"), SMALL)


def put(operator, name, data):
    """Sets an attribute of the first node with that operator."""

    def change(graph):
        node = next(node for node in graph.node if node.op_type == operator)
        kept = [each for each in node.attribute if each.name != name]
        del node.attribute[:]
        node.attribute.extend([*kept, helper.make_attribute(name, data)])

    return change


def store(name, values):
    """Sets an initializer."""
    return lambda graph: value(graph, name).CopyFrom(numpy_helper.from_array(values, name))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (put("Conv", "strides", [2, 1]), r"Conv 'r0' has strides \(2, 1\)"),
        (put("Conv", "pads", [1, 1, 0, 0]), r"Conv 'r0' has .* pads \(1, 1, 0, 0\)"),
        (put("Conv", "dilations", [2, 2]), "Conv 'r0' has .* no dilations"),
        (put("Conv", "group", 3), "Conv 'r0' has .* group 3; .* no groups"),
        (put("Conv", "auto_pad", "SAME_UPPER"), "Conv 'r0' has auto_pad 'SAME_UPPER'; export"),
        (put("Conv", "pads", [1, 1]), r"Conv 'r0' has pads \(1, 1\); use 4 integers"),
        (store("c0", np.ones((8, 3, 3, 5), np.float32)), "8 x 3 x 3 x 5 weights; use square"),
        (
            store("c0", np.ones((8, 3), np.float32)),
            "Conv 'r0' has 8 x 3 weights; use square kernels",
        ),
        (
            store("c0", np.ones((8, 3, 0, 0), np.float32)),
            "8 x 3 x 0 x 0 weights; use square kernels",
        ),
        (store("c1", np.ones(7, np.float32)), "Conv 'r0' has 7 values for 8 channels"),
        (put("MaxPool", "kernel_shape", [2, 3]), r"MaxPool 'r2' has kernel \(2, 3\)"),
        (put("MaxPool", "kernel_shape", [4, 4]), r"has kernel \(4, 4\).*; use 2x2 or 3x3"),
        (put("MaxPool", "strides", [1, 1]), r"MaxPool 'r2' has .* strides \(1, 1\)"),
        (put("MaxPool", "dilations", [2, 2]), r"MaxPool 'r2' has .* dilations \(2, 2\)"),
        (
            put("MaxPool", "pads", [0, 0, 1, 0]),
            r"'r2' has pads \(0, 0, 1, 0\), ceil_mode 0",
        ),
        (put("MaxPool", "pads", [0, 0, 3, 3]), "MaxPool 'r2' has pads .* on a map of 10x10 pixels"),
        (put("MaxPool", "pads", [2, 2, 2, 2]), "MaxPool 'r2' has pads .* on a map of 10x10 pixels"),
        (put("MaxPool", "auto_pad", "SAME"), "MaxPool 'r2' has auto_pad 'SAME'"),
    ],
)
def test_refused(tmp_path, change, reason):
    with pytest.raises(FirelineError, match=reason) as error:
        read(tmp_path, change)
    assert "\n" not in str(error.value)


def pool_of(path, height, width, **attributes):
    """Writes a graph of one MaxPool with stride 2; returns the pool that is read from it."""
    node = helper.make_node("MaxPool", ["x"], ["y"], strides=[2, 2], **attributes)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, height, width])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph([node], "pool", [x], [y])
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=opset), path)
    return read_pool(read_graph(path).node("y", "a pool", "MaxPool"), height, width)


@pytest.mark.parametrize("ceil_mode", [0, 1])
@pytest.mark.parametrize(
    "pads",
    [[0, 0, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1], "UPPER", "LOWER"],
    ids=str,
)
@pytest.mark.parametrize("kernel", [2, 3])
@pytest.mark.parametrize("size", [(4, 6), (5, 7), (4, 5)])
def test_pools_of_onnxruntime(tmp_path, kernel, pads, ceil_mode, size):
    """Whatever is read computes what onnxruntime computes; the rest is refused."""
    padding = {"auto_pad": f"SAME_{pads}"} if isinstance(pads, str) else {"pads": pads}
    path = tmp_path / "w.onnx"
    try:
        pool = pool_of(path, *size, kernel_shape=[kernel] * 2, ceil_mode=ceil_mode, **padding)
    except FirelineError as error:
        assert "use no pads, or 1 on all sides without ceil_mode" in str(error)
        assert pads != [0, 0, 0, 0]
        return
    x = torch.tensor(np.random.default_rng(0).integers(0, 256, (1, 3, *size)), dtype=torch.float32)
    pooled = max_pool(x.numpy().transpose(0, 2, 3, 1).astype(np.uint8), pool)
    assert np.array_equal(pooled.transpose(0, 3, 1, 2).reshape(1, -1), run_onnx(path, x))


def test_pools_that_files_write_otherwise(tmp_path):
    def read(height, width, **attributes):
        return pool_of(tmp_path / "w.onnx", height, width, kernel_shape=[3, 3], **attributes)

    assert read(10, 8, pads=[0, 0, 1, 1]) == MaxPool()
    assert read(10, 8, auto_pad="SAME_UPPER") == MaxPool()
    assert read(9, 7, auto_pad="SAME_UPPER") == MaxPool(3, ceil=False, padding=1)
    assert read(9, 7) == MaxPool()  # no window overhangs
    assert read(9, 8) == MaxPool(3, ceil=False)
    assert read(9, 8, ceil_mode=1) == MaxPool()


@pytest.mark.parametrize(
    ("average", "change", "reason"),
    [
        ("AveragePool", put("AveragePool", "kernel_shape", [4, 5]), r"the whole map, \(5, 5\)"),
        ("AveragePool", put("AveragePool", "pads", [0, 0, 1, 0]), r"pads \(0, 0, 1, 0\)"),
        ("ReduceMean", store("c10", np.array([1, 2])), r"averages over axes \(1, 2\)"),
        ("ReduceMean", store("c10", np.array([3])), r"averages over axes \(3,\)"),
        ("ReduceMean", store("c10", np.array(["a", "b"], object)), "averages over axes"),
        ("ReduceMean", put("ReduceMean", "axes", [0, 1]), r"averages over axes \(0, 1\)"),
    ],
)
def test_average_of_a_part_of_the_map(tmp_path, average, change, reason):
    with pytest.raises(FirelineError, match=reason):
        read(tmp_path, change, average=average)


@pytest.mark.parametrize("axes", [[2, 3], [3, 2], [-1, -2]])
def test_average_with_axes_as_attribute(tmp_path, axes):
    read(tmp_path, put("ReduceMean", "axes", axes), average="ReduceMean")


def test_norm_is_folded_in(tmp_path):
    path = Zoo(SMALL, norm=True).save(tmp_path / "w.onnx")
    graph = read_graph(path)
    conv = read_convolution(graph, "r2", "conv1")
    scale, shift, mean, variance = (
        numpy_helper.to_array(graph.constants[f"c{index}"]).astype(float) for index in range(2, 6)
    )
    raw, bias = (numpy_helper.to_array(graph.constants[name]) for name in ("c0", "c1"))
    for channel in range(8):
        factor = scale[channel] / np.sqrt(variance[channel] + np.float32(0.01))
        np.testing.assert_allclose(conv.weight[channel], raw[channel] * factor)
        expected = (bias[channel] - mean[channel]) * factor + shift[channel]
        np.testing.assert_allclose(conv.bias[channel], expected)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (store("c5", np.full(8, -1, np.float32)), "BatchNormalization 'r1' has a variance"),
        (store("c5", np.ones(4, np.float32)), "BatchNormalization 'r1' has 4 values for 8"),
        (put("BatchNormalization", "epsilon", float("nan")), "'r1' has a variance"),
        (put("BatchNormalization", "epsilon", float("inf")), "'r1' has a variance"),
    ],
)
def test_norm_refused(tmp_path, change, reason):
    with pytest.raises(FirelineError, match=reason):
        read(tmp_path, change, norm=True)


def test_norm_beyond_float32(tmp_path):
    def change(graph):
        store("c2", np.full(8, 3e38, np.float32))(graph)
        store("c5", np.zeros(8, np.float32))(graph)

    with pytest.raises(FirelineError, match="'r1' scales weights beyond float32"):
        read(tmp_path, change, norm=True)


def test_softmax_and_changes_of_shape_may_follow_the_average(tmp_path):
    path = Zoo(SMALL, softmax=True).save(tmp_path / "w.onnx")
    assert find_average(read_graph(path)).operator == "GlobalAveragePool"
