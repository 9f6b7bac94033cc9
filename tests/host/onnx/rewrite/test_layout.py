"""Networks in NHWC, as TensorFlow's exporters write them."""

import pytest
from fireline.host.float_network.squeezenet import normalise
from fireline.host.network.architecture import Bypass
from support.networks.onnx_drawing import SIZE, Drawing, assert_refused, assert_same, save

NHWC = ("N", SIZE, SIZE, 3)
TO_NCHW, TO_NHWC = [0, 3, 1, 2], [0, 2, 3, 1]


class TransposedInput(Drawing):
    shape = NHWC

    def front(self, x):
        return self.op("Transpose", x, perm=TO_NCHW)


class TransposedEverywhere(Drawing):
    """Each convolution and pool between two Transposes."""

    shape = NHWC
    bypass = Bypass.COMPLEX

    def conv(self, x, cin, cout, kernel=1, pad=0, stride=1):
        x = self.op("Transpose", x, perm=TO_NCHW)
        x = super().conv(x, cin, cout, kernel, pad, stride)
        x = self.op("Transpose", x, perm=TO_NHWC)
        return self.op("Add", x, self.const(self.draw(0, 0.1, cout)))

    def pool(self, x):
        x = super().pool(self.op("Transpose", x, perm=TO_NCHW))
        return self.op("Transpose", x, perm=TO_NHWC)

    def join(self, a, b):
        return self.op("Concat", self.relu(a), self.relu(b), axis=3)

    def end(self, x):
        return self.op("ReduceMean", x, axes=[1, 2], keepdims=0)


class BorderInFront(TransposedInput):
    """The border is drawn in NHWC."""

    padding = 1

    def front(self, x):
        return super().front(self.op("Pad", x, self.ints(0, 1, 1, 0, 0, 1, 1, 0)))

    def conv1(self, x):
        return self.relu(self.conv(x, 3, 8, 3, 0, 2))


class TransposedEnd(TransposedInput):
    """The average is a map in NHWC."""

    def end(self, x):
        x = self.op("Transpose", self.op("GlobalAveragePool", x), perm=TO_NHWC)
        return self.op("Reshape", x, self.ints(-1, 5))


class UnknownSize(TransposedInput):
    shape = ("N", "H", "W", 3)


@pytest.mark.parametrize(
    "drawing", [TransposedInput, TransposedEverywhere, BorderInFront, TransposedEnd, UnknownSize]
)
def test_same(tmp_path, drawing):
    drawn = drawing()
    own = drawn.architecture()

    def feed(pixels):
        return normalise(own, pixels).numpy().transpose(0, 2, 3, 1)

    assert assert_same(save(tmp_path / "w.onnx", drawn), own, feed) == ()


class TransposedForSqueeze(Drawing):
    reason = r"Conv 'Conv4' reads a map with its axes in the order \(0, 2, 3, 1\) of N, C, H, W"

    def squeeze(self, x, cin, cout):
        return super().squeeze(self.op("Transpose", x, perm=TO_NHWC), cin, cout)


class TransposedForPool(Drawing):
    reason = r"MaxPool 'MaxPool3' reads a map with its axes in the order \(0, 1, 3, 2\)"

    def pool(self, x):
        return super().pool(self.op("Transpose", x, perm=[0, 1, 3, 2]))


class OneOfTwo(Drawing):
    reason = "Concat '.*' reads maps with their axes in different orders"

    def join(self, a, b):
        return super().join(a, self.op("Transpose", b, perm=TO_NHWC))


class JoinedRows(Drawing):
    reason = "Concat 'Concat9' joins 2 maps along axis 2; use Fires"

    def join(self, a, b):
        return self.op("Concat", self.relu(a), self.relu(b), axis=2)


class JoinedWidth(TransposedEverywhere):
    reason = "joins 2 maps along axis 1; use Fires"

    def join(self, a, b):
        return self.op("Concat", self.relu(a), self.relu(b), axis=1)


@pytest.mark.parametrize(
    "drawing", [TransposedForSqueeze, TransposedForPool, OneOfTwo, JoinedRows, JoinedWidth]
)
def test_refused(tmp_path, drawing):
    drawn = drawing()
    assert_refused(save(tmp_path / "w.onnx", drawn), drawn.architecture(), drawn.reason)
