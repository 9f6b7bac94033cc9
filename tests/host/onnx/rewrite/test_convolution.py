"""Borders in front of convolutions, and matrices and convolutions behind the average."""

import numpy as np
import pytest
from onnx import numpy_helper
from support.networks.onnx_drawing import CLASSES, Drawing, assert_refused, assert_same, save


class Bordered(Drawing):
    """A Pad in front of each convolution that pads."""

    padding = 1

    def conv(self, x, cin, cout, kernel=1, pad=0, stride=1):
        if pad:
            x = self.op("Pad", x, self.ints(0, 0, pad, pad, 0, 0, pad, pad))
        w, b = self.weights(cin, cout, kernel)
        return self.op("Conv", x, w, b, strides=[stride] * 2, auto_pad="VALID")


class HalfBordered(Drawing):
    """The Pad and the convolution have two sides each."""

    def conv(self, x, cin, cout, kernel=1, pad=0, stride=1):
        if pad:
            x = self.op("Pad", x, self.ints(0, 0, 0, 0, 0, 0, pad, pad))
        w, b = self.weights(cin, cout, kernel)
        return self.op("Conv", x, w, b, strides=[stride] * 2, pads=[pad, pad, 0, 0])


class BorderOfSomeAxes(Bordered):
    opset = 18

    def conv(self, x, cin, cout, kernel=1, pad=0, stride=1):
        x = self.op("Pad", x, self.ints(pad, pad, pad, pad), "", self.ints(-1, 2))
        return super().conv(x, cin, cout, kernel, 0, stride)


class ComputedBorder(Drawing):
    """The chain that torch exports for ``functional.pad``."""

    def conv(self, x, cin, cout, kernel=1, pad=0, stride=1):
        if pad:
            zeros = self.op("ConstantOfShape", self.ints(4))
            zeros = self.op("Cast", zeros, to=7)
            sides = self.op("Concat", self.ints(pad, pad, pad, pad), zeros, axis=0)
            pairs = self.op("Reshape", sides, self.ints(-1, 2))
            ends = [self.ints(each) for each in (-1, -1000, 0, -1)]
            turned = self.op("Transpose", self.op("Slice", pairs, *ends), perm=[1, 0])
            x = self.op("Pad", x, self.op("Reshape", turned, self.ints(-1)))
        w, b = self.weights(cin, cout, kernel)
        return self.op("Conv", x, w, b, strides=[stride] * 2)


class Head(Drawing):
    """A classifier behind the average."""

    last_relu = False

    def classifier(self, x):
        return x

    def matrix(self, *shape):
        return self.const(self.draw(-1, 1, *shape))


class Gemm(Head):
    def end(self, x):
        return self.op("Gemm", super().end(x), self.matrix(5, 16), self.matrix(5), transB=1)


class ScaledGemm(Head):
    def end(self, x):
        x, w, b = super().end(x), self.matrix(16, 5), self.matrix(1, 5)
        return self.op("Gemm", x, w, b, alpha=0.5, beta=2.0)


class MatMul(Head):
    def end(self, x):
        x = self.op("MatMul", self.norm(super().end(x), 16), self.matrix(16, 5))
        return self.op("Add", x, self.matrix(5))


class ConvolvedAverage(Head):
    def end(self, x):
        return self.op("Flatten", self.conv(self.op("GlobalAveragePool", x), 16, CLASSES))


class ConvolvedVector(Head):
    def end(self, x):
        x = self.op("Unsqueeze", super().end(x), self.ints(2, 3))
        return self.op("Squeeze", self.conv(x, 16, CLASSES))


class ConstantWeights(Drawing):
    """Weights of one value, as a node writes them."""

    def squeeze(self, x, cin, cout):
        value = numpy_helper.from_array(np.array([0.3], np.float32))
        shape = self.ints(cout, cin, 1, 1)
        return self.relu(self.op("Conv", x, self.op("ConstantOfShape", shape, value=value)))


SAME = [
    Bordered,
    HalfBordered,
    BorderOfSomeAxes,
    ComputedBorder,
    Gemm,
    ScaledGemm,
    MatMul,
    ConvolvedAverage,
]
SAME += [ConvolvedVector, ConstantWeights]


@pytest.mark.parametrize("drawing", SAME)
def test_same(tmp_path, drawing):
    drawn = drawing()
    notes = assert_same(save(tmp_path / "w.onnx", drawn), drawn.architecture())
    assert notes == ()


class BorderOfOnes(Drawing):
    padding = 1
    reason = r"Pad 'Pad0' pads with 1\.0; pad with zeros"

    def front(self, x):
        return self.op("Pad", x, self.ints(0, 0, 1, 1, 0, 0, 1, 1), self.const(1))


class Reflected(Drawing):
    reason = "Pad 'Pad0' pads in the mode 'reflect'; train with padding by zeros"

    def front(self, x):
        return self.op("Pad", x, self.ints(0, 0, 1, 1, 0, 0, 1, 1), mode="reflect")


class PaddedChannels(Drawing):
    reason = "Pad 'Pad0' pads the channels; pad only rows and columns"

    def front(self, x):
        return self.op("Pad", x, self.ints(0, 1, 0, 0, 0, 0, 0, 0))


class Cropped(Drawing):
    reason = r"Pad 'Pad0' has pads \(0, 0, -1, 0, 0, 0, 0, 0\); use 8 integers from 0 to 4096"

    def front(self, x):
        return self.op("Pad", x, self.ints(0, 0, -1, 0, 0, 0, 0, 0))


class AxisTwice(Drawing):
    opset = 18
    reason = r"Pad 'Pad0' has pads \(1, 1, 1, 1\) of axes \[2, 2\]; export it again"

    def front(self, x):
        return self.op("Pad", x, self.ints(1, 1, 1, 1), "", self.ints(2, -2))


class OneSide(Drawing):
    reason = r"Conv 'Conv1' pads \(0, 0, 1, 1\) \(top, left, bottom, right\); train with equal"

    def front(self, x):
        return self.op("Pad", x, self.ints(0, 0, 0, 0, 0, 0, 1, 1))


class WholeMap(Head):
    reason = "Flatten 'Flatten17' does not average over the whole map; end the network in"

    def end(self, x):
        return self.op("Gemm", self.op("Flatten", x), self.matrix(5, 1024), transB=1)


class TwoMatrices(Head):
    reason = "Gemm 'Gemm19' has no ReLU behind it where a max pool, a Fire or conv1 is expected"

    def end(self, x):
        x = self.op("Gemm", super().end(x), self.matrix(6, 16), transB=1)
        return self.op("Gemm", x, self.matrix(5, 6), transB=1)


class TransposedInput(Head):
    reason = "Gemm 'Gemm19' is not part of a SqueezeNet"

    def end(self, x):
        return self.op("Gemm", super().end(x), self.matrix(1, 5), transA=1)


class LargeKernel(Drawing):
    reason = "Conv 'Conv0' has a larger kernel than its padded input of 33x33 pixels"

    def conv1(self, x):
        return self.relu(self.conv(x, 3, 8, 35, 0, 2))


REFUSED = [BorderOfOnes, Reflected, PaddedChannels, Cropped, OneSide, WholeMap, TwoMatrices]
REFUSED += [TransposedInput, LargeKernel, AxisTwice]


@pytest.mark.parametrize("drawing", REFUSED)
def test_refused(tmp_path, drawing):
    drawn = drawing()
    assert_refused(save(tmp_path / "w.onnx", drawn), drawn.architecture(), drawn.reason)
