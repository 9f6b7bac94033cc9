"""Max pools of any writing: borders in front of them, factors, windows as onnxruntime has them."""

import itertools

import numpy as np
import onnxruntime
import pytest
from fireline.host.onnx.rewrite.pool import windows
from onnx import TensorProto, helper
from support.networks.onnx_drawing import Drawing, assert_refused, assert_same, save


class ZerosBehindRelu(Drawing):
    def pool(self, x):
        x = self.op("Pad", x, self.ints(0, 0, 0, 0, 0, 0, 1, 1))
        return self.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])


class Infinity(Drawing):
    def conv1(self, x):
        return self.conv(x, 3, 8, 3, 0, 2)

    def pool(self, x):
        x = self.op("Pad", x, self.ints(0, 0, 0, 0, 0, 0, 1, 1), self.const(-np.inf))
        return self.relu(self.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2]))


class Upper(Drawing):
    def pool(self, x):
        return self.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")


@pytest.mark.parametrize("drawing", [ZerosBehindRelu, Infinity, Upper])
def test_same(tmp_path, drawing):
    drawn = drawing()
    assert assert_same(save(tmp_path / "w.onnx", drawn), drawn.architecture()) == ()


class Ones(Drawing):
    reason = r"Pad 'Pad2' pads with 1\.0 where a max pool, a Fire or conv1 is expected; pad with"

    def pool(self, x):
        x = self.op("Pad", x, self.ints(0, 0, 0, 0, 0, 0, 1, 1), self.const(1))
        return self.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])


class BothWays(Drawing):
    reason = "Pad 'Pad2' pads the input of MaxPool 'MaxPool3', which has ceil_mode; use one"

    def pool(self, x):
        return super().pool(self.op("Pad", x, self.ints(0, 0, 0, 0, 0, 0, 1, 1)))


class Large(Drawing):
    reason = "MaxPool 'MaxPool2' has a larger window than its map of 16x16 pixels"

    def pool(self, x):
        return self.op("MaxPool", x, kernel_shape=[20, 20], strides=[2, 2])


@pytest.mark.parametrize("drawing", [Ones, BothWays, Large])
def test_refused(tmp_path, drawing):
    drawn = drawing()
    assert_refused(save(tmp_path / "w.onnx", drawn), drawn.architecture(), drawn.reason)


@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize(("kernel", "stride"), list(itertools.product((2, 3), (1, 2, 3))))
@pytest.mark.parametrize("ends", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_windows_are_those_of_onnxruntime(kernel, stride, ends, ceil):
    """The maxima of increasing numbers are the last pixels of the windows."""
    pads = [0, ends[0], 0, ends[1]]
    node = helper.make_node(
        "MaxPool", ["x"], ["y"],
        kernel_shape=[1, kernel], strides=[1, stride], pads=pads, ceil_mode=int(ceil),
    )  # fmt: skip
    maps = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "xy"]
    graph = helper.make_graph([node], "pool", maps[:1], maps[1:])
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    session = onnxruntime.InferenceSession(model.SerializeToString())
    for side in range(4, 9):
        x = np.arange(side, dtype=np.float32).reshape(1, 1, 1, side)
        (y,) = session.run(None, {"x": x})
        found = windows(side, kernel, stride, *ends, ceil)
        assert [window[-1] for window in found] == y.ravel().tolist()
