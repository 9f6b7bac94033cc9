"""A file that normalises its input by itself gets plain pixels, whatever the preprocessing says."""

import dataclasses

import numpy as np
import pytest
from fireline.host.network.stage import PREPROCESSINGS, Preprocessing
from fireline.host.onnx.importer import read_onnx
from onnx import TensorProto
from support.networks.onnx_drawing import Drawing, assert_refused, assert_same, save

MEAN = np.array([0.485, 0.456, 0.406], np.float32).reshape(1, 3, 1, 1)
STD = np.array([0.229, 0.224, 0.225], np.float32).reshape(3, 1, 1)
PLAIN = Preprocessing("rgb", 1.0, (0.0,) * 3, (1.0,) * 3)
SHARES = Preprocessing("rgb", 1 / 255, (0.0,) * 3, (1.0,) * 3)


def bytes_of(pixels):
    return pixels.transpose(0, 3, 1, 2).astype(np.float32)


def shares_of(pixels):
    return bytes_of(pixels) / 255


class Shares(Drawing):
    """Pixels of 0 to 255, divided by 255."""

    feed, kind_of_pixels = staticmethod(bytes_of), "0 to 255"

    def front(self, x):
        return self.op("Div", x, self.const(255))


class Torchvision(Shares):
    def front(self, x):
        return self.op("Div", self.op("Sub", super().front(x), self.const(MEAN)), self.const(STD))


class TorchvisionOfShares(Drawing):
    feed, kind_of_pixels = staticmethod(shares_of), "0 to 1"

    def front(self, x):
        return self.op("Div", self.op("Sub", x, self.const(MEAN)), self.const(STD))


class Centred(Drawing):
    """From -1 to 1."""

    feed, kind_of_pixels = staticmethod(bytes_of), "0 to 255"

    def front(self, x):
        return self.op("Sub", self.op("Mul", x, self.const(1 / 127.5)), self.const(1))


class CentredShares(Drawing):
    feed, kind_of_pixels = staticmethod(shares_of), "0 to 1"

    def front(self, x):
        return self.op("Sub", self.op("Mul", x, self.const(2)), self.const(1))


class Caffe(Drawing):
    feed, kind_of_pixels = staticmethod(bytes_of), "0 to 255"

    def front(self, x):
        return self.op("Sub", x, self.const(np.reshape([104, 117, 123], (3, 1, 1))))


class Channelwise(Drawing):
    """In NHWC, one constant for each channel, of bytes."""

    kind = TensorProto.UINT8
    shape = ("N", "H", "W", 3)
    kind_of_pixels = "0 to 255"

    @staticmethod
    def feed(pixels):
        return pixels

    def front(self, x):
        x = self.op("Div", self.op("Cast", x, to=1), self.const(127.5))
        return self.op("Transpose", self.op("Sub", x, self.const([1, 1.2, 0.9])), perm=[0, 3, 1, 2])


FRONTS = [Shares, Torchvision, TorchvisionOfShares, Centred, CentredShares, Caffe, Channelwise]


@pytest.mark.parametrize("preprocessing", ["torchvision", "caffe"])
@pytest.mark.parametrize("drawing", FRONTS)
def test_counts_instead_of_the_preprocessing(tmp_path, drawing, preprocessing):
    drawn = drawing()
    own = dataclasses.replace(drawn.architecture(), preprocessing=PREPROCESSINGS[preprocessing])

    def feed(pixels):  # the order of channels is that of the preprocessing
        if preprocessing == "caffe":
            pixels = pixels[..., ::-1]
        return np.ascontiguousarray(drawing.feed(pixels))

    (note,) = assert_same(save(tmp_path / "w.onnx", drawn), own, feed)
    assert (
        f"the file normalises pixels of {drawing.kind_of_pixels} itself, the last step in " in note
    )
    assert note.endswith("; this replaces the network's preprocessing")


def test_bytes_as_they_are(tmp_path):
    class Changed(Drawing):
        kind = TensorProto.UINT8

        def front(self, x):
            return self.op("Mul", self.op("Cast", x, to=1), self.const(1))

    drawn = Changed()
    path = save(tmp_path / "w.onnx", drawn)
    (note,) = assert_same(path, drawn.architecture(), lambda pixels: pixels.transpose(0, 3, 1, 2))
    assert "takes integer pixels of 0 to 255 as they are; this replaces" in note


def test_said_twice(tmp_path):
    """Preprocessing that says the same as the file counts once, also where conv1 pads."""
    drawn = Torchvision()
    drawn.padding = 1
    own = drawn.architecture()
    path = save(tmp_path / "w.onnx", drawn)
    assert_same(path, own, bytes_of)
    assert read_onnx(path, own).architecture.preprocessing == own.preprocessing


@pytest.mark.parametrize("drawing", [Shares, Centred, Caffe])
def test_a_padded_conv1_needs_the_same_preprocessing(tmp_path, drawing):
    """Else its zeros would be other pixels; the message has the line to write."""
    drawn = drawing()
    drawn.padding = 1
    path, own = save(tmp_path / "w.onnx", drawn), drawn.architecture()
    reason = r"normalises the pictures, and Conv '.*' pads them; in the network's TOML file write "
    assert_refused(path, own, reason + r'preprocessing = \{ order = "rgb", scale = 1\.0, mean = ')
    zero, one = {Shares: (0, 255), Centred: (127.5, 127.5), Caffe: ((104, 117, 123), 1)}[drawing]
    mean = tuple(float(value) for value in np.broadcast_to(zero, 3))
    own = dataclasses.replace(own, preprocessing=Preprocessing("rgb", 1.0, mean, (float(one),) * 3))
    assert_same(path, own, bytes_of)


class Half(Drawing):
    """Of bytes or of shares?"""

    def front(self, x):
        return self.op("Mul", x, self.const(0.5))


@pytest.mark.parametrize(("preprocessing", "feed"), [(PLAIN, bytes_of), (SHARES, shares_of)])
def test_plain_preprocessing_says_which_pixels(tmp_path, preprocessing, feed):
    drawn = Half()
    path, own = save(tmp_path / "w.onnx", drawn), drawn.architecture()
    reason = (
        r"Mul 'Mul0' normalises the pictures, but does not tell .* write preprocessing = \{ .* "
        r"scale = 1\.0, mean = \[0, 0, 0\], std = \[2, 2, 2\] \} or preprocessing = .* 0\.0039"
    )
    assert_refused(path, own, reason)
    assert_same(path, dataclasses.replace(own, preprocessing=preprocessing), feed)


@pytest.mark.parametrize(("scale", "feed"), [(1.0, bytes_of), (1 / 255, shares_of)])
def test_preprocessing_that_says_the_same_tells_which_pixels(tmp_path, scale, feed):
    drawn = Half()
    same = Preprocessing("rgb", scale, (0.0,) * 3, (2.0,) * 3)
    own = dataclasses.replace(drawn.architecture(), preprocessing=same)
    assert_same(save(tmp_path / "w.onnx", drawn), own, feed)


class Negative(Drawing):
    reason = "Mul 'Mul0' scales the pictures by a factor that is not above zero"

    def front(self, x):
        return self.op("Mul", x, self.const(-1 / 255))


class BorderFirst(Drawing):
    reason = "Div 'Div1' follows Pad 'Pad0', so the border is scaled too; scale the pictures first"

    def front(self, x):
        x = self.op("Pad", x, self.ints(0, 0, 1, 1, 0, 0, 1, 1))
        return self.op("Div", x, self.const(255))


class Reversed(Drawing):
    reason = "Gather 'Gather0' takes a map apart or reorders it; .* order = \"bgr\""

    def front(self, x):
        return self.op("Gather", x, self.ints(2, 1, 0), axis=1)


class NormInFrontOfPadding(Drawing):
    padding = 1
    reason = "'BatchNormalization0' adds to a map that Conv 'Conv1' pads with zeros"

    def front(self, x):
        return self.norm(x, 3)


class MeanPicture(Drawing):
    reason = "Sub 'Sub0' has other constants than one for each channel"

    def front(self, x):
        return self.op("Sub", x, self.const(self.draw(100, 120, 3, 33, 33)))


@pytest.mark.parametrize(
    "drawing", [Negative, BorderFirst, Reversed, NormInFrontOfPadding, MeanPicture]
)
def test_refused(tmp_path, drawing):
    drawn = drawing()
    assert_refused(save(tmp_path / "w.onnx", drawn), drawn.architecture(), drawn.reason)


def test_a_norm_in_front_is_a_layer(tmp_path):
    """It follows the preprocessing, as in training."""

    class Changed(Drawing):
        def front(self, x):
            return self.norm(x, 3)

    drawn = Changed()
    assert assert_same(save(tmp_path / "w.onnx", drawn), drawn.architecture()) == ()


@pytest.mark.parametrize("kind", [TensorProto.INT8, TensorProto.INT64, TensorProto.STRING])
def test_other_inputs(tmp_path, kind):
    drawn = Drawing()
    drawn.kind = kind
    reason = "the input 'x' takes neither floats nor uint8; export a network that takes pictures"
    assert_refused(save(tmp_path / "w.onnx", drawn), drawn.architecture(), reason)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ([3, 33, 33], r"the input 'x' has 3 axes; export the network with an input \[N, channels"),
        (["N", 3, 2000, 33], "the input: height is 2000; use an integer from 1 to 1024"),
        (["N", 4, 33, 33], "the input: number of channels is 4; use an integer from 1 to 3"),
        (["N", 3, 1 << 40, 1 << 40], "the input: height is 1099511627776"),
    ],
)
def test_shapes(tmp_path, shape, reason):
    drawn = Drawing()
    drawn.shape = shape
    assert_refused(save(tmp_path / "w.onnx", drawn), Drawing().architecture(), reason)
