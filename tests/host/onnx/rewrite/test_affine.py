"""Batch normalisation and arithmetic with constants are folded into the convolutions."""

import numpy as np
import pytest
from fireline.host.network.architecture import Bypass
from support.networks.onnx_drawing import Drawing, assert_refused, assert_same, save


class NormBehindRelu(Drawing):
    def conv1(self, x):
        return self.norm(super().conv1(x), 8)


class NormBehindPool(Drawing):
    def pool(self, x):
        return self.norm(super().pool(x), 8)


class TwoNormsBehindPool(Drawing):
    def pool(self, x):
        return self.norm(self.norm(super().pool(x), 8), 8)


class NormBehindConcat(Drawing):
    def fire(self, x, cin, squeeze, bypass):
        return self.norm(super().fire(x, cin, squeeze, bypass), 16)


class NormBetweenConcatAndRelu(Drawing):
    """One normalisation of both expands, then their ReLU."""

    def join(self, a, b):
        return self.relu(self.norm(self.op("Concat", a, b, axis=1), 16))


class NormBetweenPoolAndRelu(Drawing):
    def conv1(self, x):
        return self.conv(x, 3, 8, 3, self.padding, 2)

    def pool(self, x):
        return self.relu(self.norm(super().pool(x), 8))


class NormBehindOneExpand(Drawing):
    def join(self, a, b):
        return self.op("Concat", self.relu(a), self.norm(self.relu(b), 10), axis=1)


class NormBehindBias(Drawing):
    """Bias, norm, and other arithmetic, all behind the convolution."""

    def conv(self, x, cin, cout, kernel=1, pad=0, stride=1):
        w, _ = self.weights(cin, cout, kernel)
        x = self.op("Conv", x, w, pads=[pad] * 4, strides=[stride] * 2)
        x = self.norm(self.op("Add", x, self.const(self.draw(-0.1, 0.3, 1, cout, 1, 1))), cout)
        x = self.op(
            "Sub", self.op("Div", x, self.const(2)), self.const(self.draw(0, 0.1, cout, 1, 1))
        )
        return self.op("Sum", self.const(self.draw(0, 0.2, 1, cout, 1, 1)), x)


class Subtrahend(Drawing):
    def conv(self, x, cin, cout, kernel=1, pad=0, stride=1):
        return self.op("Sub", self.const(0.5), super().conv(x, cin, cout, kernel, pad, stride))


class FactorInFrontOfPadding(Drawing):
    def squeeze(self, x, cin, cout):
        factor = self.const(self.draw(0.5, 2, cout, 1, 1))
        return self.op("Mul", super().squeeze(x, cin, cout), factor)


class FactorBehindAllRelus(Drawing):
    """The last one scales the scores."""

    def relu(self, x):
        return self.op("Mul", super().relu(x), self.const(0.5))


class FactorInFrontOfBypass(Drawing):
    bypass = Bypass.SIMPLE

    def fire(self, x, cin, squeeze, bypass):
        x = super().fire(x, cin, squeeze, bypass)
        return x if cin == 16 else self.op("Mul", x, self.const(self.draw(0.5, 2, 16, 1, 1)))


class FactorBehindPool(Drawing):
    bypass = Bypass.COMPLEX

    def pool(self, x):
        return self.op("Mul", super().pool(x), self.const(self.draw(0.5, 2, 8, 1, 1)))


class ExpandedConstant(Drawing):
    """A constant for each pixel, all alike."""

    def conv1(self, x):
        values = np.broadcast_to(self.draw(0, 1, 8, 1, 1), (1, 8, 16, 16))
        return self.relu(self.op("Add", self.conv(x, 3, 8, 3, 0, 2), self.const(values)))


class NormBehindAverage(Drawing):
    """Without a last ReLU the classifier takes it up."""

    last_relu = False

    def end(self, x):
        return self.norm(super().end(x), 5)


SAME = [
    NormBetweenConcatAndRelu,
    NormBetweenPoolAndRelu,
    NormBehindRelu,
    NormBehindPool,
    TwoNormsBehindPool,
    NormBehindConcat,
    NormBehindOneExpand,
    NormBehindBias,
    Subtrahend,
    FactorInFrontOfPadding,
    FactorBehindAllRelus,
    FactorInFrontOfBypass,
    FactorBehindPool,
    ExpandedConstant,
    NormBehindAverage,
]


@pytest.mark.parametrize("drawing", SAME)
def test_same(tmp_path, drawing):
    drawn = drawing()
    assert assert_same(save(tmp_path / "w.onnx", drawn), drawn.architecture()) == ()


class AddInFrontOfPadding(Drawing):
    reason = (
        "BatchNormalization 'BatchNormalization5' adds to a map that Conv 'Conv7' pads with zeros, "
        "so it cannot be folded"
    )

    def squeeze(self, x, cin, cout):
        return self.norm(super().squeeze(x, cin, cout), cout)


class NegativeInFrontOfPool(Drawing):
    reason = "Mul 'Mul2' has a factor below zero in front of MaxPool 'MaxPool3'"

    def conv1(self, x):
        return self.op("Mul", super().conv1(x), self.const(-1))


class NormInFrontOfBypass(Drawing):
    bypass = Bypass.SIMPLE
    reason = "'BatchNormalization10' scales a map that other operators than convolutions read"

    def fire(self, x, cin, squeeze, bypass):
        return self.norm(super().fire(x, cin, squeeze, bypass), 16)


class NormBetweenReluAndEnd(Drawing):
    """Classes of other scales have another order."""

    reason = "BatchNormalization '.*' scales a map that other operators"

    def end(self, x):
        return self.norm(super().end(x), 5)


class ForEachPixel(Drawing):
    reason = "Add 'Add2' has other constants than one for each channel"

    def conv1(self, x):
        return self.op("Add", super().conv1(x), self.const(self.draw(0, 1, 16, 16)))


class ForEachValue(Drawing):
    reason = "Add 'Add2' has other constants than one for each channel"

    def conv1(self, x):
        return self.op("Add", super().conv1(x), self.const(self.draw(0, 1, 8, 16, 16)))


class AlongTheWidth(Drawing):
    reason = "Add 'Add5' has other constants than one for each channel"

    def squeeze(self, x, cin, cout):
        return self.op("Add", super().squeeze(x, cin, cout), self.const(self.draw(0, 1, 8)))


class ByZero(Drawing):
    reason = "Div 'Div2' divides by 0"

    def conv1(self, x):
        return self.op("Div", super().conv1(x), self.const(0))


class Training(Drawing):
    reason = "BatchNormalization 'BatchNormalization1' normalises each batch by itself; export"

    def conv(self, x, cin, cout, kernel=1, pad=0, stride=1):
        x = super().conv(x, cin, cout, kernel, pad, stride)
        return self.norm(x, cout, training_mode=1)


class BeyondFloat32(Drawing):
    reason = "Mul '.*' scales weights beyond float32; train again"

    def conv1(self, x):
        x = self.op("Mul", super().conv1(x), self.const(1e38))
        return self.op("Mul", x, self.const(1e38))


REFUSED = [
    AddInFrontOfPadding,
    NegativeInFrontOfPool,
    NormInFrontOfBypass,
    NormBetweenReluAndEnd,
    ForEachPixel,
    ForEachValue,
    AlongTheWidth,
    ByZero,
    Training,
    BeyondFloat32,
]


@pytest.mark.parametrize("drawing", REFUSED)
def test_refused(tmp_path, drawing):
    drawn = drawing()
    assert_refused(save(tmp_path / "w.onnx", drawn), drawn.architecture(), drawn.reason)
