"""A ReLU behind a Concat or a pool is the ReLU of the convolutions in front."""

import pytest
from fireline.host.network.architecture import Bypass
from support.networks.onnx_drawing import Drawing, assert_refused, assert_same, save


class BehindConcat(Drawing):
    def join(self, a, b):
        return self.relu(self.op("Concat", a, b, axis=1))


class BehindOneOfTwo(Drawing):
    """The Concat joins a convolution and a ReLU."""

    def join(self, a, b):
        return self.relu(self.op("Concat", self.relu(a), b, axis=1))


class Twice(Drawing):
    bypass = Bypass.COMPLEX

    def join(self, a, b):
        return self.relu(self.op("Concat", self.relu(self.relu(a)), self.relu(b), axis=1))


class BehindPool(Drawing):
    def conv1(self, x):
        return self.conv(x, 3, 8, 3, 0, 2)

    def pool(self, x):
        return self.relu(super().pool(x))


class BehindBorder(BehindPool):
    """The pool reads a border of zeros and values below zero."""

    def pool(self, x):
        x = self.op("Pad", x, self.ints(0, 0, 0, 0, 0, 0, 1, 1))
        return self.relu(self.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2]))


class BehindFactor(Drawing):
    def conv1(self, x):
        return self.relu(self.op("Mul", self.conv(x, 3, 8, 3, 0, 2), self.const([[[3.0]]] * 8)))


class BehindSum(Drawing):
    """As a ResNet has it; it changes nothing, because both maps are not below zero."""

    bypass = Bypass.SIMPLE

    def fire(self, x, cin, squeeze, bypass):
        return self.relu(super().fire(x, cin, squeeze, bypass))


class ForEachReader(Drawing):
    """Each reader of the squeeze has a ReLU of its own."""

    def fire(self, x, cin, squeeze, bypass):
        s = self.conv(x, cin, squeeze)
        expand1x1 = self.conv(self.relu(s), squeeze, 6)
        return self.join(expand1x1, self.conv(self.relu(s), squeeze, 10, 3, 1))


@pytest.mark.parametrize(
    "drawing",
    [
        BehindConcat,
        BehindOneOfTwo,
        Twice,
        BehindPool,
        BehindBorder,
        BehindFactor,
        BehindSum,
        ForEachReader,
    ],
)
def test_same(tmp_path, drawing):
    drawn = drawing()
    assert assert_same(save(tmp_path / "w.onnx", drawn), drawn.architecture()) == ()


def test_missing_behind_a_squeeze(tmp_path):
    class Changed(Drawing):
        def squeeze(self, x, cin, cout):
            return self.conv(x, cin, cout)

    reason = "Conv 'Conv9' has no ReLU behind it where a squeeze is expected; put one there"
    check_refused(tmp_path, Changed, reason)


def test_missing_behind_an_expand(tmp_path):
    class Changed(Drawing):
        def join(self, a, b):
            return self.op("Concat", self.relu(a), b, axis=1)

    check_refused(tmp_path, Changed, "'Conv12' has no ReLU behind it where an expand is expected")


def test_missing_behind_conv1(tmp_path):
    class Changed(Drawing):
        def conv1(self, x):
            return self.conv(x, 3, 8, 3, 0, 2)

    check_refused(tmp_path, Changed, "'Conv0' has no ReLU behind it where a max pool, a Fire or")


def test_missing_behind_a_complex_bypass(tmp_path):
    class Changed(Drawing):
        bypass = Bypass.COMPLEX

        def fire(self, x, cin, squeeze, bypass):
            joined = super().fire(x, cin, squeeze, Bypass.NONE)
            return joined if cin == 8 else self.op("Add", joined, self.conv(x, cin, 16))

    check_refused(tmp_path, Changed, "'Conv17' has no ReLU behind it where a bypass is expected")


def test_behind_a_sum_that_may_be_below_zero(tmp_path):
    """It is none of the convolutions' own."""

    class Changed(Drawing):
        bypass = Bypass.SIMPLE

        def join(self, a, b):
            return self.op("Concat", a, b, axis=1)

        def fire(self, x, cin, squeeze, bypass):
            return self.relu(super().fire(x, cin, squeeze, bypass))

    check_refused(tmp_path, Changed, "Relu 'Relu15' stands where a max pool, a Fire or conv1")


def check_refused(tmp_path, drawing, reason):
    drawn = drawing()
    assert_refused(save(tmp_path / "w.onnx", drawn), drawn.architecture(), reason)
