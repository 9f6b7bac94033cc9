"""Local functions are inlined; those that call each other without end are refused."""

import pytest
from fireline.errors import FirelineError
from fireline.host.onnx.functions import inline_functions
from onnx import helper
from support.networks.onnx_drawing import Drawing, assert_same, save

OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]


def function(name, *nodes):
    return helper.make_function("own", name, ["a"], ["b"], nodes, OPSETS)


def node(operator, source, target, domain="own"):
    return helper.make_node(operator, [source], [target], domain=domain)


class Called(Drawing):
    """Each ReLU is a function of a function."""

    def relu(self, x):
        return self.op("Outer", x, domain="own")

    def model(self):
        made = super().model()
        inner = function("Inner", node("Relu", "a", "b", ""))
        outer = function("Outer", node("Inner", "a", "c"), node("Identity", "c", "b", ""))
        made.functions.extend([outer, inner])
        return made


def test_inlined(tmp_path):
    drawn = Called()
    assert assert_same(save(tmp_path / "w.onnx", drawn), drawn.architecture()) == ()


def model(*functions):
    made = Drawing().model()
    made.graph.node.append(node("F0", "x", "called"))
    made.functions.extend(functions)
    return made


def test_circle():
    """The inliner alone would not end."""
    circle = function("F0", node("F1", "a", "b")), function("F1", node("F0", "a", "b"))
    for functions in (circle, [function("F0", node("F0", "a", "b"))]):
        with pytest.raises(FirelineError, match="its local functions call each other in a"):
            inline_functions("weights w", model(*functions))


def test_doubling():
    """Thirty functions, each of which calls the next one twice, are a billion nodes."""
    calls = [
        function(f"F{i}", node(f"F{i + 1}", "a", "c"), node(f"F{i + 1}", "c", "b"))
        for i in range(30)
    ]
    last = function("F30", node("Relu", "a", "b", ""))
    with pytest.raises(FirelineError, match="or make more than 20000 nodes; export it without"):
        inline_functions("weights w", model(*calls, last))
