"""What follows the average keeps the order of the classes and is left out, or is refused."""

import numpy as np
import onnxruntime
import pytest
from fireline.host.float_network.squeezenet import normalise
from onnx import TensorProto
from support.networks.onnx_drawing import Drawing, assert_refused, ours, save
from support.networks.torch_networks import draw_pixels

PIXELS = draw_pixels(Drawing().architecture(), 4)


class Softmax(Drawing):
    def end(self, x):
        return self.op("Softmax", super().end(x), axis=1)


class SoftmaxOfMap(Drawing):
    def end(self, x):
        return self.op("Flatten", self.op("Softmax", self.op("GlobalAveragePool", x), axis=1))


class LogSoftmax(Drawing):
    last_relu = False

    def end(self, x):
        return self.op("LogSoftmax", super().end(x), axis=-1)


class LogOfSoftmax(Drawing):
    def end(self, x):
        return self.op("Log", self.op("Softmax", super().end(x), axis=1))


class Sigmoid(Drawing):
    last_relu = False

    def end(self, x):
        return self.op("Sigmoid", super().end(x))


class Temperature(Drawing):
    def end(self, x):
        return self.op("Softmax", self.op("Div", super().end(x), self.const(2.0)))


class Percent(Drawing):
    def end(self, x):
        return self.op("Mul", self.op("Softmax", super().end(x)), self.const(100.0))


class Offset(Drawing):
    """The same offset for all classes, behind a ReLU."""

    def end(self, x):
        return self.op("Add", super().end(x), self.const(1.0))


class ArgMax(Drawing):
    results = (TensorProto.INT64,)

    def end(self, x):
        return self.op("ArgMax", super().end(x), axis=1)


class ArgMaxOfMap(Drawing):
    results = (TensorProto.INT32,)

    def end(self, x):
        x = self.op("ArgMax", self.op("GlobalAveragePool", x), axis=1, keepdims=0)
        return self.op("Cast", self.op("Squeeze", x), to=TensorProto.INT32)


class TopK(Drawing):
    results = (TensorProto.FLOAT, TensorProto.INT64)

    def end(self, x):
        name = self.op("TopK", super().end(x), self.ints(5), outputs=2)
        return [name, f"{name}_1"]


class LogitsAndShares(Drawing):
    results = (TensorProto.FLOAT, TensorProto.FLOAT)

    def end(self, x):
        x = super().end(x)
        return [x, self.op("Softmax", x)]


ENDS = [Softmax, SoftmaxOfMap, LogSoftmax, LogOfSoftmax, Sigmoid, Temperature, Percent, Offset]
ENDS += [ArgMax, ArgMaxOfMap, TopK, LogitsAndShares]


@pytest.mark.parametrize("drawing", ENDS)
def test_order_is_that_of_onnxruntime(tmp_path, drawing):
    drawn = drawing()
    path, own = save(tmp_path / "w.onnx", drawn), drawn.architecture()
    pixels = draw_pixels(own, 4)
    found, notes = ours(path, own, pixels)
    session = onnxruntime.InferenceSession(str(path))
    expected = session.run(None, {"x": normalise(own, pixels).numpy()})[-1]
    order = np.argsort(-found, 1, kind="stable")
    if expected.dtype.kind == "i":
        np.testing.assert_array_equal(expected.reshape(4, -1), order[:, : expected.size // 4])
    else:
        np.testing.assert_array_equal(np.argsort(-expected, 1, kind="stable"), order)
    assert len(set(order[:, 0])) >= 1 and notes
    assert all("is left out; " in note for note in notes)


def test_note(tmp_path):
    drawn = Softmax()
    _, notes = ours(save(tmp_path / "w.onnx", drawn), drawn.architecture(), PIXELS)
    what = "Softmax 'Softmax21' behind the average is left out"
    assert notes == (f"{what}; the order of the classes is the same",)


def test_relu_behind_the_average(tmp_path):
    """It makes all scores below zero equal, which the note says."""

    class Changed(Drawing):
        last_relu = False

        def end(self, x):
            return self.relu(super().end(x))

    drawn = Changed()
    own = drawn.architecture()
    pixels = draw_pixels(own, 4)
    path = save(tmp_path / "w.onnx", drawn)
    found, notes = ours(path, own, pixels)
    (expected,) = onnxruntime.InferenceSession(str(path)).run(
        None, {"x": normalise(own, pixels).numpy()}
    )
    np.testing.assert_allclose(np.maximum(found, 0), expected, atol=1e-3)
    assert found.min() < 0 and "'Relu20' behind the average is left out; it changes" in notes[0]


class FeaturesToo(Drawing):
    results = (TensorProto.FLOAT, TensorProto.FLOAT)
    reason = "the graph has 2 outputs that are not all the same classes; export a network with one"

    def end(self, x):
        return [super().end(x), x]


class OtherScales(Drawing):
    reason = "Mul 'Mul22' scales a map that other operators than convolutions read"

    def end(self, x):
        x = self.op("Add", super().end(x), self.const([1, 1, 2, 1, 1]))
        return self.op("Mul", x, self.const([2, 1, 1, 1, 1]))


class NegativeShares(Drawing):
    reason = "Mul 'Mul22' is not part of a SqueezeNet"

    def end(self, x):
        return self.op("Mul", self.op("Softmax", super().end(x)), self.const(-1.0))


class SoftmaxOfPixels(Drawing):
    reason = "Softmax 'Softmax19' stands where a ReLU, or nothing, is expected"

    def end(self, x):
        return super().end(self.op("Softmax", x, axis=1))


class SoftmaxOfWidth(Drawing):
    reason = "Softmax 'Softmax20' stands where a ReLU, or nothing, is expected"

    def end(self, x):
        return self.op("Flatten", self.op("Softmax", self.op("GlobalAveragePool", x), axis=3))


class Smallest(Drawing):
    """The classes with the lowest scores."""

    results = (TensorProto.FLOAT, TensorProto.INT64)
    reason = "TopK 'TopK21'"

    def end(self, x):
        top = self.op("TopK", super().end(x), self.ints(2), outputs=2, largest=0)
        return [top, f"{top}_1"]


class Groups(Drawing):
    reason = "Reshape 'Reshape21' does not average over the whole map"

    def end(self, x):
        return self.op("Reshape", super().end(x), self.ints(-1, 1, 5, 2))


class NoAverage(Drawing):
    reason = "Relu 'Relu18' stands where the global average is expected; end the network in the"

    def end(self, x):
        return x


class NoAverageFlat(Drawing):
    reason = "Flatten 'Flatten19' does not average over the whole map; end the network in"

    def end(self, x):
        return self.op("Flatten", x)


REFUSED = [FeaturesToo, OtherScales, NegativeShares, SoftmaxOfPixels, SoftmaxOfWidth, Groups]
REFUSED += [NoAverage, NoAverageFlat, Smallest]


@pytest.mark.parametrize("drawing", REFUSED)
def test_refused(tmp_path, drawing):
    drawn = drawing()
    assert_refused(save(tmp_path / "w.onnx", drawn), drawn.architecture(), drawn.reason)


def test_a_map_of_one_pixel_needs_no_average(tmp_path):
    class Changed(Drawing):
        shape = ("N", 3, 5, 5)

        def end(self, x):
            return self.op("Flatten", x)

    drawn = Changed()
    own = drawn.architecture()
    found, _ = ours(save(tmp_path / "w.onnx", drawn), own, draw_pixels(own, 1))
    assert found.shape == (1, 5)
