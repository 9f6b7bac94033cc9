"""Damaged and odd files are refused in one line, or mean what they mean to onnxruntime."""

import numpy as np
import onnx
import onnxruntime
import pytest
from fireline.errors import FirelineError
from fireline.host.float_network.squeezenet import normalise
from fireline.host.network.architecture import Bypass
from fireline.host.onnx.operators.table import READERS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from support.networks.onnx_drawing import Drawing, ours
from support.networks.torch_networks import draw_pixels


class Varied(Drawing):
    """Many parts that the rules rewrite."""

    bypass = Bypass.SIMPLE

    def conv(self, x, cin, cout, kernel=1, pad=0, stride=1):
        w, _ = self.weights(cin, cout, kernel)
        if pad:
            x = self.op("Pad", x, self.ints(0, 0, pad, pad, 0, 0, pad, pad))
        bias = self.const(self.draw(0, 0.2, cout, 1, 1))
        return self.op("Add", self.op("Conv", x, w, strides=[stride] * 2), bias)

    def pool(self, x):
        x = self.norm(x, 8)
        return self.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")

    def join(self, a, b):
        return self.op("Clip", self.op("Concat", a, b, axis=1), self.const(0))

    def end(self, x):
        x = self.op("Reshape", x, self.ints(0, 5, -1))
        x = self.op("ReduceMean", x, axes=[2], keepdims=0)
        return self.op("Gemm", x, self.const(self.draw(-1, 1, 5, 5)), transB=1)

    last_relu = False


MODELS = (Varied().model(), type("Plain", (Drawing,), {"bypass": Bypass.COMPLEX})().model())
OWN = Varied().architecture()
PIXELS = draw_pixels(OWN, 2)
FILES = tuple(model.SerializeToString() for model in MODELS)
quick = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150
)
long = settings(quick, max_examples=4000)


def read(path, data):
    """The logits and notes, or None where the file is refused in one line."""
    path.write_bytes(data)
    try:
        return ours(path, OWN, PIXELS)
    except FirelineError as error:
        assert "\n" not in str(error) and str(error).startswith(f"weights {path}")
        return None


@quick
@given(
    data=st.sampled_from(FILES),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=3),
    end=st.floats(0, 1) | st.just(1.0),
)
def test_any_changed_byte_is_read_or_refused(tmp_path, data, changes, end):
    changed = bytearray(data)
    for place, value in changes:
        changed[int(place * len(data))] = value
    read(tmp_path / "w.onnx", bytes(changed[: int(end * len(data))]))


OPERATORS = sorted({name.rpartition(".")[2] for name in READERS} | {"Split", "Gather", "Where"})
ATTRIBUTES = (
    "axis", "axes", "perm", "kernel_shape", "strides", "pads", "dilations", "group", "auto_pad",
    "ceil_mode", "keepdims", "to", "epsilon", "min", "max", "alpha", "beta", "transA", "transB",
)  # fmt: skip
VALUES = (
    0, 1, -1, 2, 3, 1 << 40, 1.5, float("nan"), "VALID", "SAME_UPPER", [0], [1], [-1], [2, 3],
    [3, 3], [2, 2], [1] * 4, [0] * 4, [0, 3, 1, 2], [0, 2, 3, 1], [1 << 40] * 4, [-1] * 4,
)  # fmt: skip
SHAPES = ((), (0,), (1,), (5,), (8, 1, 1), (1, 3, 1, 1), (16, 16), (8, 3, 3, 3), (6, 4, 1, 1))


@st.composite
def odd_models(draw):
    """A model with one to three changes of nodes, attributes, wires or constants."""
    model = onnx.ModelProto()
    model.CopyFrom(draw(st.sampled_from(MODELS)))
    graph = model.graph
    tensors = [name for node in graph.node for name in node.output]
    tensors += [tensor.name for tensor in graph.initializer] + ["x", "", "nothing"]
    name = st.sampled_from(tensors)
    for _ in range(draw(st.integers(1, 3))):
        node = graph.node[draw(st.integers(0, len(graph.node) - 1))]
        match draw(st.sampled_from(("remove", "operator", "wire", "attribute", "insert", "value"))):
            case "remove" if len(graph.node) > 1:
                graph.node.remove(node)
            case "operator":
                node.op_type = draw(st.sampled_from(OPERATORS))
            case "wire" if node.input:
                node.input[draw(st.integers(0, len(node.input) - 1))] = draw(name)
            case "attribute":
                set_attribute(
                    node, draw(st.sampled_from(ATTRIBUTES)), draw(st.sampled_from(VALUES))
                )
            case "insert":
                operator, other = draw(st.sampled_from(OPERATORS)), draw(st.lists(name, max_size=2))
                insert(graph, node, helper.make_node(operator, ["moved", *other], [node.output[0]]))
            case "value":
                tensor = graph.initializer[draw(st.integers(0, len(graph.initializer) - 1))]
                shape, value = draw(st.sampled_from(SHAPES)), draw(st.floats(-2, 2, width=32))
                array = np.full(shape, value, draw(st.sampled_from((np.float32, np.int64))))
                tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    return model.SerializeToString()


def set_attribute(node, name, value):
    kept = [each for each in node.attribute if each.name != name]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute(name, value)])


def insert(graph, node, new):
    """Puts a node behind another one."""
    node.output[0] = "moved"
    graph.node.insert(list(graph.node).index(node) + 1, new)


@pytest.mark.slow
@long
@given(data=odd_models())
def test_what_is_read_means_the_same(tmp_path, data):
    """The scores are onnxruntime's; if a note says that an end is left out, so is their order."""
    found = read(tmp_path / "w.onnx", data)
    if found is None:
        return
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        outputs = session.run(None, {"x": normalise(OWN, PIXELS).numpy()})
    except Exception:  # onnxruntime does not run it
        return
    logits, notes = found
    expected = outputs[0].reshape(len(PIXELS), -1)
    if not notes or all("ReLU stands behind the classifier" in note for note in notes):
        scale = np.abs(expected).max() + 1e-3
        np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-4 * scale)
    elif expected.dtype.kind == "f" and not any("no score is above 0" in note for note in notes):
        best = np.take_along_axis(expected, logits.argmax(1)[:, None], 1)[:, 0]
        np.testing.assert_allclose(best, expected.max(1), rtol=1e-3)
