"""ONNX files as graphs: names, constants in and outside the file; damage is refused."""

import numpy as np
import onnx
import pytest
from fireline.errors import FirelineError
from fireline.host.onnx import graph as onnx_graph
from fireline.host.onnx.graph import read_graph
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

WEIGHT = np.arange(6, dtype=np.float32).reshape(2, 3)
CONSTANT = numpy_helper.from_array(WEIGHT, "w")


def model(*nodes, constants=(CONSTANT,), shape=None):
    """A model that reads "x"."""
    kind = TensorProto.FLOAT
    x = helper.make_tensor_value_info("x", kind, shape or ["N", 3, 8, 9])
    y = helper.make_tensor_value_info("y", kind, None)
    return helper.make_model(helper.make_graph(nodes, "g", [x], [y], constants))


def save(path, *nodes, **options):
    path.write_bytes(model(*nodes, **options).SerializeToString())
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "w.onnx"


MATMUL = helper.make_node("MatMul", ["x", "w"], ["y"], "product", transB=1, factor=0.5, axes=[1, 2])


def test_node(path):
    graph = read_graph(save(path, MATMUL))
    assert (graph.input, graph.output, graph.size) == ("x", "y", (8, 9))
    node = graph.node("y", "a product", "Conv", "MatMul")
    assert node.inputs == ("x", "w") and (node.input(0), node.input(2)) == ("x", "")
    assert node.where == f"weights {path}: MatMul 'product'"
    assert (node.number("transB", 0), node.number("factor", 0), node.number("other", 3)) == (
        1,
        0.5,
        3,
    )
    assert node.ints("axes", (0, 0)) == (1, 2) and node.ints("other", (5,)) == (5,)
    np.testing.assert_array_equal(graph.weights(node, 1), WEIGHT)
    assert graph.constant(node, 0) is None and graph.constant(node, 2) is None
    for bad in (lambda: node.number("axes", 0), lambda: node.ints("axes", (0, 0, 0))):
        with pytest.raises(FirelineError, match=r"MatMul 'product' has axes \(1, 2\); use"):
            bad()
    with pytest.raises(FirelineError, match="MatMul 'product' stands where a sum is expected"):
        graph.node("y", "a sum", "Add")
    with pytest.raises(FirelineError, match="its input stands where a sum is expected"):
        graph.node("x", "a sum", "Add")
    with pytest.raises(FirelineError, match="MatMul 'product' reads 'x', which is not a constant"):
        graph.weights(node, 0)


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        (["N", 3, "H", "W"], None),
        (["N", 3, 8, "W"], None),
        ([1, 3], None),
        ([1, 3, 5, 6], (5, 6)),
    ],
)
def test_size_if_it_is_stated(path, shape, size):
    assert read_graph(save(path, MATMUL, shape=shape)).size == size


def test_identities_are_removed(path):
    graph = read_graph(
        save(
            path,
            helper.make_node("Identity", ["w"], ["v"]),
            helper.make_node("Dropout", ["x"], ["d", "mask"]),
            helper.make_node("Identity", ["d"], ["e"]),
            helper.make_node("MatMul", ["e", "v"], ["m"]),
            helper.make_node("Dropout", ["m"], ["y"]),
        )
    )
    assert graph.output == "m" and graph.nodes["m"].inputs == ("x", "w")


def test_outputs_beside_the_first(path):
    pool = helper.make_node("MaxPool", ["x"], ["p", "indices"])
    graph = read_graph(save(path, pool, helper.make_node("F", ["p", "", "indices"], ["y", ""])))
    assert graph.nodes["y"].inputs == ("p", "", "indices")
    assert graph.nodes.keys() == {"p", "y"}


def test_constants_of_all_kinds(path):
    """Initializers, one of which is also an input, and Constant nodes."""
    made = model(
        helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(WEIGHT, "")),
        helper.make_node("Constant", [], ["i"], value_ints=[2, 3]),
        helper.make_node("F", ["x", "w", "c", "i"], ["y"]),
    )
    made.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [2, 3]))
    path.write_bytes(made.SerializeToString())
    graph = read_graph(path)
    node = graph.nodes["y"]
    assert graph.weights(node, 1).tolist() == graph.weights(node, 2).tolist() == WEIGHT.tolist()
    assert graph.constant(node, 3).tolist() == [2, 3]
    with pytest.raises(FirelineError, match="F 'y': 'i' is int64; export it as float32"):
        graph.weights(node, 3)


@pytest.mark.parametrize(
    "kind", [TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.FLOAT, TensorProto.DOUBLE]
)
def test_floats_of_all_widths(path, kind):
    constant = helper.make_tensor("w", kind, WEIGHT.shape, WEIGHT.ravel())
    graph = read_graph(save(path, MATMUL, constants=[constant]))
    found = graph.weights(graph.nodes["y"], 1)
    assert found.dtype == np.float64 and found.tolist() == WEIGHT.tolist()


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_not_finite(path, value):
    constant = numpy_helper.from_array(np.array([1, value]), "w")
    graph = read_graph(save(path, MATMUL, constants=[constant]))
    with pytest.raises(FirelineError, match="'product': 'w' holds NaN or infinity"):
        graph.weights(graph.nodes["y"], 1)


def test_data_of_another_shape(path):
    constant = numpy_helper.from_array(WEIGHT, "w")
    constant.dims[0] = 1 << 40
    graph = read_graph(save(path, MATMUL, constants=[constant]))
    with pytest.raises(FirelineError, match="'w' does not hold as many values as its shape"):
        graph.weights(graph.nodes["y"], 1)


def test_missing_damaged_large(path, monkeypatch):
    with pytest.raises(FirelineError, match="no such file"):
        read_graph(path)
    path.write_bytes(b"no protobuf at all")
    with pytest.raises(FirelineError, match="not an ONNX file, or truncated"):
        read_graph(path)
    path.write_bytes(b"")
    with pytest.raises(FirelineError, match="0 inputs and 0 outputs"):
        read_graph(path)
    monkeypatch.setattr(onnx_graph, "MAXIMUM_BYTES", 10)
    with pytest.raises(FirelineError, match="larger than"):
        read_graph(save(path, MATMUL))


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ([helper.make_node("F", ["z"], ["y"])], "F 'y' reads 'z', which no earlier node writes"),
        ([helper.make_node("F", ["y"], ["y"])], "F 'y' reads 'y', which no earlier node writes"),
        (
            [helper.make_node("F", ["b"], ["a"]), helper.make_node("G", ["a"], ["b"])],
            "F 'a' reads 'b', which no earlier node writes",
        ),
        (
            [helper.make_node("F", ["x"], ["y"]), helper.make_node("Identity", ["y"], ["x"])],
            "Identity 'x' writes 'x' again",
        ),
    ],
)
def test_cycles_are_refused(path, nodes, reason):
    with pytest.raises(FirelineError, match=reason):
        read_graph(save(path, *nodes))


def test_operators_of_others(path):
    graph = read_graph(save(path, helper.make_node("Conv", ["x"], ["y"], domain="other\n")))
    with pytest.raises(FirelineError, match=r"other\\n.Conv 'y' stands where") as error:
        graph.node("y", "a convolution", "Conv")
    assert "\n" not in str(error.value)


def external(folder, name="w.data", **changes):
    """A model whose weight lies behind 8 bytes of another file."""
    (folder / "w.data").write_bytes(bytes(8) + WEIGHT.tobytes())
    tensor = TensorProto(name="w", dims=WEIGHT.shape, data_type=TensorProto.FLOAT)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in ({"location": name, "offset": 8, "length": 24} | changes).items():
        tensor.external_data.add(key=key, value=str(value))
    graph = read_graph(save(folder / "w.onnx", MATMUL, constants=[tensor]))
    return graph.weights(graph.nodes["y"], 1)


def test_data_in_another_file(tmp_path):
    assert external(tmp_path).tolist() == WEIGHT.tolist()


def test_as_onnx_writes_other_files(tmp_path):
    onnx.save(
        model(MATMUL),
        tmp_path / "w.onnx",
        save_as_external_data=True,
        size_threshold=0,
        location="w.onnx.data",
    )
    graph = read_graph(tmp_path / "w.onnx")
    assert graph.weights(graph.nodes["y"], 1).tolist() == WEIGHT.tolist()


def test_data_elsewhere(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "w.data").write_bytes(bytes(32))
    (inside / "link").symlink_to(tmp_path / "w.data")
    for name in ("../w.data", str(tmp_path / "w.data"), "link", "none", "", "..", "a\0b"):
        with pytest.raises(FirelineError, match="which is not a file in the same folder") as error:
            external(inside, name)
        assert "\n" not in str(error.value)


def test_names_that_are_not_text(path):
    """In the name of another file, and in a node's name."""
    tensor = TensorProto(name="w", dims=WEIGHT.shape, data_type=TensorProto.FLOAT)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="QQQQ")
    data = save(path, MATMUL, constants=[tensor]).read_bytes()
    path.write_bytes(data.replace(b"QQQQ", b"Q\xff\xfeQ").replace(b"product", b"pro\xff\nct"))
    graph = read_graph(path)
    with pytest.raises(FirelineError, match=r"MatMul .*pro.*xff.*Q.*xff.*xfe") as error:
        graph.weights(graph.nodes["y"], 1)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "changes",
    [{"offset": 9}, {"offset": -8}, {"offset": "x"}, {"length": 25}, {"length": -1}],
)
def test_data_beyond_the_file(tmp_path, changes):
    with pytest.raises(FirelineError, match=r"lies beyond the end of 'w\.data'"):
        external(tmp_path, **changes)


def test_data_too_short(tmp_path):
    with pytest.raises(FirelineError, match="does not hold as many values as its shape"):
        external(tmp_path, length=20)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300
)
@given(place=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255), cut=st.booleans())
def test_any_changed_byte_is_read_or_refused(path, place, value, cut):
    data = bytearray(model(MATMUL).SerializeToString())
    at = int(place * len(data))
    data[at] = value
    path.write_bytes(data[:at] if cut else data)
    try:
        graph = read_graph(path)
        for node in graph.nodes.values():
            graph.weights(node, 1)
    except FirelineError as error:
        assert "\n" not in str(error)
