"""Convolutions, matrices and norms whose constants or attributes do not fit are refused."""

import numpy as np
import pytest
from fireline.host.onnx.importer import import_onnx
from onnx import helper, numpy_helper
from support.networks.onnx_drawing import Drawing, assert_refused, assert_same, save
from support.networks.onnx_networks import value


class Normed(Drawing):
    """A norm follows conv1."""

    def conv1(self, x):
        return self.relu(self.norm(self.conv(x, 3, 8, 3, 0, 2), 8, epsilon=0.01))


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


def ones(*shape):
    return np.ones(shape, np.float32)


CONV, NORM = "Conv 'Conv0'", "BatchNormalization 'BatchNormalization1'"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (put("Conv", "strides", [2, 1]), rf"{CONV} has strides \(2, 1\); use equal strides"),
        (put("Conv", "strides", [0, 0]), rf"{CONV} has strides \(0, 0\); use integers from 1 to"),
        (put("Conv", "pads", [1, 1, 0, 0]), rf"{CONV} pads \(1, 1, 0, 0\) \(top, left"),
        (put("Conv", "pads", [1, 1]), rf"{CONV} has pads \(1, 1\); use 4 integers"),
        (put("Conv", "pads", [-1] * 4), rf"{CONV} has pads \(-1, -1, -1, -1\); use integers from"),
        (put("Conv", "pads", [1 << 40] * 4), f"{CONV} has pads .*; use integers from 0 to 4096"),
        (put("Conv", "dilations", [2, 2]), rf"{CONV} has dilations \(2, 2\); train with none"),
        (put("Conv", "group", 3), f"{CONV} has 3 groups; train without groups"),
        (put("Conv", "group", 1.5), f"{CONV} has group 1.5; use an integer"),
        (put("Conv", "kernel_shape", [5, 5]), rf"{CONV} has kernel_shape \(5, 5\), but 8 x 3 x 3"),
        (store("c0", ones(8, 3, 3, 5)), f"{CONV} has 8 x 3 x 3 x 5 weights; use square kernels"),
        (store("c0", ones(8, 3)), f"{CONV} has 8 x 3 weights; use square kernels"),
        (store("c0", ones(8, 3, 0, 0)), "8 x 3 x 0 x 0 weights; use square kernels"),
        (store("c0", ones()), f"{CONV} has 1 weights; use square kernels"),
        (store("c0", ones(8, 4, 3, 3)), f"{CONV} has 8 x 4 x 3 x 3 weights, but reads 3 channels"),
        (
            store("c0", np.ones((8, 3, 3, 3), np.int64)),
            f"{CONV}: 'c0' is int64; export it as float",
        ),
        (store("c0", np.full((8, 3, 3, 3), np.nan)), f"{CONV}: 'c0' holds NaN or infinity; train"),
        (store("c0", np.full((8, 3, 3, 3), 1e300)), f"{CONV}: 'c0' holds NaN or infinity; train"),
        (store("c1", ones(7)), f"{CONV} has 7 values for 8 channels"),
        (store("c5", np.full(8, -1, np.float32)), f"{NORM} has a variance that is not above zero"),
        (store("c5", ones(4)), f"{NORM} has 4 values for 8 channels"),
        (put("BatchNormalization", "epsilon", float("nan")), f"{NORM} has a variance"),
        (put("BatchNormalization", "epsilon", float("inf")), f"{NORM} has a variance"),
        (store("c2", np.full(8, 3e38, np.float32)), f"{NORM} scales weights beyond float32"),
    ],
)
def test_refused(tmp_path, change, reason):
    drawn = Normed()
    model = drawn.model()
    change(model.graph)
    if "c2" in reason or "beyond" in reason:
        store("c5", np.zeros(8, np.float32))(model.graph)
    assert_refused(save(tmp_path / "w.onnx", model), drawn.architecture(), reason)


def test_norm(tmp_path):
    """Weights and biases, channel by channel."""
    drawn = Normed()
    path = save(tmp_path / "w.onnx", drawn)
    _, found = import_onnx(path, drawn.architecture())
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in drawn.constants}
    raw, bias, scale, shift, mean, variance = (
        constants[f"c{index}"].astype(float) for index in range(6)
    )
    for channel in range(8):
        factor = scale[channel] / np.sqrt(variance[channel] + np.float32(0.01))
        np.testing.assert_allclose(found["conv1"][0][channel], raw[channel] * factor)
        expected = (bias[channel] - mean[channel]) * factor + shift[channel]
        np.testing.assert_allclose(found["conv1"][1][channel], expected)


class PreActivation(Drawing):
    reason = "Relu 'Relu4' follows BatchNormalization 'BatchNormalization3', which no convolution"

    def pool(self, x):
        return self.relu(self.norm(super().pool(x), 8))


class ThreeMaps(Drawing):
    reason = "Sum 'Sum7' has 3 inputs; add two maps, as a bypass does"

    def join(self, a, b):
        return self.op("Sum", a, a, b)


class Product(Drawing):
    reason = "Mul 'Mul10' is not part of a SqueezeNet"

    def join(self, a, b):
        x = super().join(a, b)
        return self.op("Mul", x, x)


class ComputedWeights(Drawing):
    reason = "Conv 'Conv4' reads 'Relu3', which is not a constant; export the network with its"

    def pool(self, x):
        x = super().pool(x)
        return self.op("Conv", x, self.relu(x))


@pytest.mark.parametrize("drawing", [PreActivation, ThreeMaps, Product, ComputedWeights])
def test_arithmetic_refused(tmp_path, drawing):
    drawn = drawing()
    assert_refused(save(tmp_path / "w.onnx", drawn), drawn.architecture(), drawn.reason)


def test_broadcast_of_old_versions(tmp_path):
    """Until version 6 an attribute says along which axis a constant lies."""

    class Old(Drawing):
        def conv(self, x, cin, cout, kernel=1, pad=0, stride=1):
            w, b = self.weights(cin, cout, kernel)
            x = self.op("Conv", x, w, pads=[pad] * 4, strides=[stride] * 2)
            return self.op("Add", x, b, broadcast=1, axis=1)

    _, found = import_onnx(save(tmp_path / "w.onnx", Old()), Old().architecture())
    same = Drawing()
    _, expected = import_onnx(save(tmp_path / "v.onnx", same), same.architecture())
    assert_same(tmp_path / "v.onnx", same.architecture())
    for name, (weight, bias) in expected.items():
        np.testing.assert_array_equal(found[name][0], weight)
        np.testing.assert_array_equal(found[name][1], bias)
