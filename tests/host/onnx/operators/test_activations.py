"""ReLUs in disguise are read, other activations refused with what to do."""

import numpy as np
import pytest
from support.networks.onnx_drawing import Drawing, assert_refused, assert_same, save


def drawing(written, **changes):
    """A drawing whose ReLUs are written by a function of the drawing and a tensor."""
    return type("Changed", (Drawing,), {"relu": lambda self, x: written(self, x), **changes})()


ZERO = np.zeros((1, 1, 1), np.float32)
SAME = {
    "clip": lambda d, x: d.op("Clip", x, d.const(0)),
    "clip to the greatest float": lambda d, x: d.op("Clip", x, d.const(0), d.const(3.4e38)),
    "max": lambda d, x: d.op("Max", x, d.const(0)),
    "max with zero first": lambda d, x: d.op("Max", d.const(ZERO), x),
    "leaky, but not": lambda d, x: d.op("LeakyRelu", x, alpha=0.0),
    "prelu, but not": lambda d, x: d.op("PRelu", x, d.const(ZERO)),
    "threshold of zero": lambda d, x: d.op("ThresholdedRelu", x, alpha=0.0),
    "clip without bounds": lambda d, x: d.op("Relu", d.op("Clip", x)),
}


@pytest.mark.parametrize("name", SAME)
def test_same(tmp_path, name):
    drawn = drawing(SAME[name])
    assert assert_same(save(tmp_path / "w.onnx", drawn), drawn.architecture()) == ()


def test_bounds_as_attributes(tmp_path):
    drawn = drawing(lambda d, x: d.op("Clip", x, min=0.0, max=float("inf")), opset=10)
    assert assert_same(save(tmp_path / "w.onnx", drawn), drawn.architecture()) == ()


OTHERS = {
    "Clip": lambda d, x: d.op("Clip", x, d.const(0), d.const(6)),  # ReLU6
    "LeakyRelu": lambda d, x: d.op("LeakyRelu", x, alpha=0.1),
    "PRelu": lambda d, x: d.op("PRelu", x, d.const(ZERO + 0.25)),
    "Max": lambda d, x: d.op("Max", x, d.const(-1)),
    "HardSwish": lambda d, x: d.op("HardSwish", x),
    "Sigmoid": lambda d, x: d.op("Sigmoid", x),
    "Elu": lambda d, x: d.op("Elu", x),
    "ThresholdedRelu": lambda d, x: d.op("ThresholdedRelu", x, alpha=1.0),
}


@pytest.mark.parametrize("operator", OTHERS)
def test_refused(tmp_path, operator):
    drawn = drawing(OTHERS[operator])
    reason = f"{operator} '{operator}1' stands where a ReLU, or nothing, is expected; train with"
    assert_refused(save(tmp_path / "w.onnx", drawn), drawn.architecture(), reason)
