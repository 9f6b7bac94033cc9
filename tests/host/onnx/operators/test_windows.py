"""Automatic pads are those of onnxruntime, and refused where no padding of ours equals them."""

import pytest
from support.networks.onnx_drawing import Drawing, assert_refused, assert_same, save


class Automatic(Drawing):
    """All convolutions pad by themselves; at an odd size the pads are equal."""

    padding = 1
    automatic = "SAME_UPPER"

    def conv(self, x, cin, cout, kernel=1, pad=0, stride=1):
        w, b = self.weights(cin, cout, kernel)
        return self.op("Conv", x, w, b, strides=[stride] * 2, auto_pad=self.automatic)


@pytest.mark.parametrize("automatic", ["SAME_UPPER", "SAME_LOWER"])
@pytest.mark.parametrize("known", [False, True])
def test_same(tmp_path, automatic, known):
    """The size is the file's, or the architecture's if the file does not state it."""
    drawn = Automatic()
    drawn.automatic = automatic
    drawn.shape = drawn.shape if known else ("N", 3, "H", "W")
    assert assert_same(save(tmp_path / "w.onnx", drawn), drawn.architecture()) == ()


def test_an_even_size(tmp_path):
    """conv1 would pad one side only."""
    drawn = Automatic()
    drawn.shape = ("N", 3, 34, 34)
    reason = r"Conv 'Conv0' pads \(0, 0, 1, 1\) \(top, left, bottom, right\); train with equal"
    assert_refused(save(tmp_path / "w.onnx", drawn), drawn.architecture(), reason)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"auto_pad": "VALID", "pads": [1] * 4}, r"has auto_pad 'VALID' and pads \(1, 1, 1, 1\)"),
        ({"auto_pad": "SAME_UPPER", "pads": [1] * 4}, "export it with one of them"),
        ({"auto_pad": "SAME"}, "has auto_pad 'SAME'; export explicit pads"),
        ({"auto_pad": 1}, "has auto_pad 1; export explicit pads"),
    ],
)
@pytest.mark.parametrize("operator", ["Conv", "MaxPool", "AveragePool"])
def test_refused(tmp_path, operator, options, reason):
    class Changed(Drawing):
        def squeeze(self, x, cin, cout):
            if operator != "Conv":
                return super().squeeze(
                    self.op(operator, x, kernel_shape=[3, 3], **options), cin, cout
                )
            w, b = self.weights(cin, cout, 1)
            return self.relu(self.op("Conv", x, w, b, **options))

    drawn = Changed()
    path = save(tmp_path / "w.onnx", drawn)
    assert_refused(path, drawn.architecture(), f"{operator} '{operator}3' .*{reason}")
