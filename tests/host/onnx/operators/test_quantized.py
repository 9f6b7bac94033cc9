"""Files of onnxruntime's quantizers and optimisers, read as the float networks that they were."""

import logging

import numpy as np
import onnxruntime
import pytest
from fireline.host.float_network.squeezenet import normalise
from fireline.host.network.architecture import Bypass
from onnx import TensorProto
from onnxruntime import quantization
from onnxruntime.quantization import QuantFormat, QuantType
from support.networks.onnx_drawing import Drawing, assert_refused, assert_same, ours, save
from support.networks.torch_networks import draw_pixels

NOTE = "the file is quantized: its weights become floats again, and its own scales are left out"


class Simple(Drawing):
    bypass = Bypass.SIMPLE


class Complex(Drawing):
    bypass = Bypass.COMPLEX
    last_relu = False


class Gemm(Drawing):
    last_relu = False

    def classifier(self, x):
        return x

    def end(self, x):
        w, b = self.const(self.draw(-1, 1, 5, 16)), self.const(self.draw(-1, 1, 5))
        return self.op("Gemm", super().end(x), w, b, transB=1)


class Reader(quantization.CalibrationDataReader):
    """A batch of pictures."""

    def __init__(self, architecture):
        self.batches = iter([{"x": normalise(architecture, draw_pixels(architecture, 4)).numpy()}])

    def get_next(self):
        return next(self.batches, None)


@pytest.fixture(autouse=True)
def quiet():
    """The quantizer recommends a step that changes nothing here."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def assert_near(path, drawn, float_path, share=0.02):
    """The imported network is about the float network; its notes say why it is not more."""
    own = drawn.architecture()
    pixels = draw_pixels(own, 4)
    found, notes = ours(path, own, pixels)
    expected, _ = ours(float_path, own, pixels)
    assert np.abs(found - expected).max() < share * np.abs(expected).max()
    assert not np.array_equal(found, expected)
    assert NOTE in notes
    assert all(note == NOTE or "holds an input of" in note for note in notes)


@pytest.mark.parametrize("each_channel", [False, True])
@pytest.mark.parametrize("activations", [QuantType.QUInt8, QuantType.QInt8])
@pytest.mark.parametrize("form", [QuantFormat.QDQ, QuantFormat.QOperator])
@pytest.mark.parametrize("drawing", [Simple, Complex, Gemm])
def test_quantized(tmp_path, drawing, form, activations, each_channel):
    """ReLUs that the quantizer left out are found again in its ranges."""
    drawn = drawing()
    path = save(tmp_path / "w.onnx", drawn)
    quantization.quantize_static(
        path,
        tmp_path / "q.onnx",
        Reader(drawn.architecture()),
        quant_format=form,
        activation_type=activations,
        weight_type=QuantType.QInt8,
        per_channel=each_channel,
    )
    assert_near(tmp_path / "q.onnx", drawn, path)


@pytest.mark.parametrize(
    "options",
    [
        {"extra_options": {"ActivationSymmetric": True}},
        {"extra_options": {"DedicatedQDQPair": True}},
        {"extra_options": {"QuantizeBias": False}},
        {"activation_type": QuantType.QUInt16, "weight_type": QuantType.QInt16},
    ],
)
def test_quantized_otherwise(tmp_path, options):
    drawn = Simple()
    path = save(tmp_path / "w.onnx", drawn)
    quantization.quantize_static(path, tmp_path / "q.onnx", Reader(drawn.architecture()), **options)
    assert_near(tmp_path / "q.onnx", drawn, path)


@pytest.mark.parametrize("drawing", [Complex, Gemm])
def test_dynamically_quantized(tmp_path, drawing):
    drawn = drawing()
    path = save(tmp_path / "w.onnx", drawn)
    quantization.quantize_dynamic(path, tmp_path / "q.onnx", weight_type=QuantType.QUInt8)
    assert_near(tmp_path / "q.onnx", drawn, path)


class Weights(Drawing):
    """Only the weights are quantized."""

    def conv(self, x, cin, cout, kernel=1, pad=0, stride=1):
        codes = self.random.integers(-127, 128, (cout, cin, kernel, kernel))
        scale, zero = self.const(np.full(cout, 0.01)), self.const(np.zeros(cout), np.int8)
        w = self.op("DequantizeLinear", self.const(codes, np.int8), scale, zero, axis=0)
        return self.op("Conv", x, w, pads=[pad] * 4, strides=[stride] * 2)


def test_weights_alone(tmp_path):
    drawn = Weights()
    assert assert_same(save(tmp_path / "w.onnx", drawn), drawn.architecture()) == (NOTE,)


class Bytes(Drawing):
    """A quantizer's scale normalises the bytes of the input."""

    kind = TensorProto.UINT8

    def front(self, x):
        return self.op("DequantizeLinear", x, self.const(1 / 127.5), self.const(127, np.uint8))


def test_quantized_input(tmp_path):
    drawn = Bytes()
    path = save(tmp_path / "w.onnx", drawn)
    (note,) = assert_same(path, drawn.architecture(), lambda pixels: pixels.transpose(0, 3, 1, 2))
    assert "'DequantizeLinear0'; this replaces the network's preprocessing" in note


def test_range_of_the_input(tmp_path):
    """It tells which pictures the file was quantized with; it is no ReLU."""

    class Changed(Drawing):
        def front(self, x):
            s, z = self.const(0.02), self.const(0, np.uint8)
            return self.op("DequantizeLinear", self.op("QuantizeLinear", x, s, z), s, z)

    drawn = Changed()
    own = drawn.architecture()
    _, notes = ours(save(tmp_path / "w.onnx", drawn), own, draw_pixels(own, 1))
    what = "QuantizeLinear 'QuantizeLinear0' holds an input of 0 to 5.1"
    assert f"{what}; the network's preprocessing should make the same" in notes


@pytest.mark.parametrize(
    ("scales", "zero", "reason"),
    [
        ([0.1, 0.2], np.int8(0), "QLinearConv '.*' has 2 scales or zero points for its weights"),
        ([0.1], np.float32(0), "'.*' has 1 zero points of float32; give the float network"),
    ],
)
def test_scales_that_do_not_fit(tmp_path, scales, zero, reason):
    class Changed(Drawing):
        def squeeze(self, x, cin, cout):
            s, z = self.const(0.1), self.const(0, np.uint8)
            w = self.const(np.ones((cout, cin, 1, 1)), np.int8)
            x = self.op("QuantizeLinear", x, s, z)
            own = self.const(scales), self.const(zero, zero.dtype)
            x = self.op("QLinearConv", x, s, z, w, *own, s, z)
            return self.op("DequantizeLinear", x, s, z)

    drawn = Changed()
    assert_refused(save(tmp_path / "w.onnx", drawn), drawn.architecture(), reason)


def optimised(tmp_path, source, level):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    options.optimized_model_filepath = str(tmp_path / "o.onnx")
    onnxruntime.InferenceSession(str(source), options)
    return tmp_path / "o.onnx"


@pytest.mark.parametrize("level", ["ORT_ENABLE_BASIC", "ORT_ENABLE_EXTENDED"])
@pytest.mark.parametrize("drawing", [Simple, Complex, Gemm])
def test_optimised(tmp_path, drawing, level):
    drawn = drawing()
    path = save(tmp_path / "w.onnx", drawn)
    assert assert_same(optimised(tmp_path, path, level), drawn.architecture()) == ()
    quantization.quantize_static(path, tmp_path / "q.onnx", Reader(drawn.architecture()))
    assert_near(optimised(tmp_path, tmp_path / "q.onnx", level), drawn, path)


def fused(**attributes):
    class Changed(Drawing):
        def squeeze(self, x, cin, cout):
            w, b = self.weights(cin, cout, 1)
            return self.op("FusedConv", x, w, b, domain="com.microsoft", **attributes)

    return Changed()


def test_fused_activations(tmp_path):
    assert_same(save(tmp_path / "w.onnx", fused(activation="Relu")), Drawing().architecture())
    path = save(tmp_path / "v.onnx", fused(activation="LeakyRelu", activation_params=[0.1]))
    reason = "FusedConv 'FusedConv3' has the activation 'LeakyRelu'; train with ReLU"
    assert_refused(path, Drawing().architecture(), reason)


class OtherScale(Drawing):
    """The integers are read with another scale."""

    reason = "DequantizeLinear '.*' reads .* with another scale or zero point than it has"

    def pool(self, x):
        x = self.op("QuantizeLinear", super().pool(x), self.const(0.1), self.const(0, np.uint8))
        return self.op("DequantizeLinear", x, self.const(0.2), self.const(0, np.uint8))


class Integers(Drawing):
    reason = "Relu '.*' computes with a quantizer's integers; give the float network"

    def pool(self, x):
        x = self.op("QuantizeLinear", super().pool(x), self.const(0.1), self.const(9, np.int8))
        x = self.op("MaxPool", x, kernel_shape=[1, 1])
        return self.op("DequantizeLinear", self.relu(x), self.const(0.1), self.const(9, np.int8))


class NegativeScale(Drawing):
    reason = "QuantizeLinear '.*' has a scale that is not above zero"

    def pool(self, x):
        return self.op("QuantizeLinear", super().pool(x), self.const(0.0), self.const(0, np.uint8))


@pytest.mark.parametrize("drawing", [OtherScale, Integers, NegativeScale])
def test_refused(tmp_path, drawing):
    drawn = drawing()
    assert_refused(save(tmp_path / "w.onnx", drawn), drawn.architecture(), drawn.reason)


@pytest.mark.parametrize(("zero", "is_relu"), [(0, True), (7, False)])
def test_a_range_from_zero_is_a_relu(tmp_path, zero, is_relu):
    """A classifier whose quantizer begins at 0 has a ReLU; another has none."""

    class Changed(Drawing):
        last_relu = False

        def classifier(self, x):
            x, z = super().classifier(x), self.const(zero, np.uint8)
            s = self.const(0.5)
            return self.op("DequantizeLinear", self.op("QuantizeLinear", x, s, z), s, z)

    drawn = Changed()
    own = drawn.architecture()
    found, notes = ours(save(tmp_path / "w.onnx", drawn), own, draw_pixels(own, 4))
    assert bool(found.min() >= 0) is is_relu
    assert any("a ReLU stands behind the classifier" in note for note in notes) is is_relu


def test_own_export_is_refused(tmp_path):
    """The graph of integers that Fireline writes is no float network."""
    from fireline.host.network.random_network import random_network
    from fireline.host.onnx.exporter import export_onnx

    own = Drawing().architecture()
    export_onnx(random_network(own, 0), tmp_path / "w.onnx")
    assert_refused(tmp_path / "w.onnx", own, "give the float network")
