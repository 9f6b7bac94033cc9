"""Operators that no SqueezeNet has are refused by name, with what to do."""

import pytest
from fireline.host.onnx.operators.table import READERS
from onnx import TensorProto, helper
from support.networks.onnx_drawing import Drawing, assert_refused, save


def inserted(operator, outputs=1, **attributes):
    """A drawing with an operator behind the first max pool."""

    class Changed(Drawing):
        def pool(self, x):
            return self.op(operator, super().pool(x), outputs=outputs, **attributes)

    return Changed()


BRANCH = helper.make_graph(
    [helper.make_node("Identity", ["x"], ["branch"])],
    "branch",
    [],
    [helper.make_tensor_value_info("branch", TensorProto.FLOAT, None)],
)


@pytest.mark.parametrize(
    ("operator", "options", "reason"),
    [
        ("Split", {"outputs": 2, "axis": 1}, 'takes a map apart or reorders it; .* order = "bgr"'),
        ("If", {"then_branch": BRANCH, "else_branch": BRANCH}, "is control flow; export"),
        ("LRN", {"size": 5}, "is no batch normalisation; train with batch normalisation"),
        ("InstanceNormalization", {}, "is no batch normalisation"),
        ("Gelu", {}, "train with ReLU, which is the only activation"),
        ("GlobalMaxPool", {}, "does not average over the whole map; end the network in a global"),
        ("BitShift", {"direction": "RIGHT"}, "is not part of a float SqueezeNet; give the float"),
        ("QuickGelu", {"domain": "com.microsoft"}, "train with ReLU"),
        ("Conv", {"domain": "com.microsoft.nchwc"}, "for one processor; give the file from before"),
        ("NhwcMaxPool", {"domain": "com.microsoft"}, "with ORT_ENABLE_EXTENDED at most"),
        ("Anything", {"domain": "com.microsoft"}, "give the float network, not optimised"),
        ("Resize", {}, "is not part of a SqueezeNet: Conv, Relu, .*; leave it out, or use a"),
    ],
)
def test_advice(tmp_path, operator, options, reason):
    drawn = inserted(operator, **options)
    path = save(tmp_path / "w.onnx", drawn)
    assert_refused(path, drawn.architecture(), f"{operator} '{operator}3' .*{reason}")


def test_names_that_are_not_words(tmp_path):
    drawn = inserted("Anything", domain="mine\n")
    path = save(tmp_path / "w.onnx", drawn)
    assert_refused(path, drawn.architecture(), r"mine\\n.Anything .* is not part of a SqueezeNet")


@pytest.mark.parametrize("operator", sorted(READERS))
def test_an_operator_alone_is_refused(tmp_path, operator):
    """Without the inputs or attributes that it needs."""
    domain, _, name = operator.rpartition(".")
    drawn = inserted(name, domain=domain)
    path = save(tmp_path / "w.onnx", drawn)
    if operator in ("Relu", "Identity", "Dropout", "Clip", "CastLike", "Sum", "Concat"):
        assert drawn.architecture()  # these need no more than one input
    else:
        assert_refused(path, drawn.architecture(), ".")
