"""ONNX files as graphs: names, constants in and outside the file; damage is refused."""

import numpy as np
import onnx
import pytest
from fireline.errors import FirelineError
from fireline.host.onnx import constants as onnx_constants
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


def weights(graph):
    """What the last node reads as its second input."""
    return graph.constants[graph.nodes[-1].inputs[1]]


def test_node(path):
    graph = read_graph(save(path, MATMUL))
    assert (graph.input, graph.outputs, graph.dimensions) == ("x", ("y",), (0, 3, 8, 9))
    (node,) = graph.nodes
    assert node.inputs == ("x", "w") and (node.input(0), node.input(2)) == ("x", "")
    assert node.where == f"weights {path}: MatMul 'product'"
    assert (node.number("transB", 0), node.number("factor", 0)) == (1, 0.5)
    assert node.number("other", 3) == 3
    assert node.ints("axes", (0, 0)) == (1, 2) and node.ints("other", (5,)) == (5,)
    np.testing.assert_array_equal(weights(graph), WEIGHT)
    for bad in (lambda: node.number("axes", 0), lambda: node.ints("axes", (0, 0, 0))):
        with pytest.raises(FirelineError, match=r"MatMul 'product' has axes \(1, 2\); use"):
            bad()


@pytest.mark.parametrize(
    ("shape", "dimensions"),
    [(["N", 3, "H", "W"], (0, 3, 0, 0)), ([1, 3], (1, 3)), ([-1, 3, 5, 6], (0, 3, 5, 6))],
)
def test_dimensions_if_they_are_stated(path, shape, dimensions):
    assert read_graph(save(path, MATMUL, shape=shape)).dimensions == dimensions


def test_omitted_inputs_and_outputs(path):
    pool = helper.make_node("MaxPool", ["x"], ["p", "indices"])
    graph = read_graph(save(path, pool, helper.make_node("F", ["p", "", "indices"], ["y", ""])))
    assert [node.inputs for node in graph.nodes] == [("x",), ("p", "", "indices")]


def test_only_what_the_outputs_depend_on(path):
    """Other nodes may be anything."""
    dead = helper.make_node("Dead", ["x"], ["d"])
    assert [node.operator for node in read_graph(save(path, dead, MATMUL)).nodes] == ["MatMul"]


def test_another_order(path):
    """Runtimes sort the nodes, and so does the reader; sorted ones stay in their order."""
    nodes = [helper.make_node("F", ["b", "c"], ["y"]), helper.make_node("G", ["x"], ["c"])]
    graph = read_graph(save(path, *nodes, helper.make_node("H", ["x"], ["b"])))
    assert [node.operator for node in graph.nodes][-1] == "F"
    assert {node.operator for node in graph.nodes} == {"F", "G", "H"}
    graph = read_graph(save(path, nodes[1], helper.make_node("H", ["x"], ["b"]), nodes[0]))
    assert [node.operator for node in graph.nodes] == ["G", "H", "F"]


def test_constants_of_all_kinds(path):
    """Initializers, one of which is also an input, and Constant nodes."""
    made = model(
        helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(WEIGHT, "")),
        helper.make_node("Constant", [], ["i"], value_ints=[2, 3]),
        helper.make_node("Constant", [], ["f"], value_float=0.5),
        helper.make_node("F", ["x", "w", "c", "i", "f"], ["y"]),
    )
    made.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [2, 3]))
    path.write_bytes(made.SerializeToString())
    constants = read_graph(path).constants
    assert constants["w"].tolist() == constants["c"].tolist() == WEIGHT.tolist()
    assert constants["i"].tolist() == [2, 3] and constants["f"] == 0.5
    assert constants.is_float("w") and not constants.is_float("i")


@pytest.mark.parametrize(
    "kind", [TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.FLOAT, TensorProto.DOUBLE]
)
def test_floats_of_all_widths(path, kind):
    constant = helper.make_tensor("w", kind, WEIGHT.shape, WEIGHT.ravel())
    graph = read_graph(save(path, MATMUL, constants=[constant]))
    assert graph.constants.is_float("w")
    assert weights(graph).astype(float).tolist() == WEIGHT.tolist()


def test_data_of_another_shape(path):
    constant = numpy_helper.from_array(WEIGHT, "w")
    constant.dims[0] = 1 << 40
    graph = read_graph(save(path, MATMUL, constants=[constant]))
    with pytest.raises(FirelineError, match="'w' does not hold as many values as its shape"):
        weights(graph)


def test_missing_damaged_large(path, monkeypatch):
    with pytest.raises(FirelineError, match="no such file"):
        read_graph(path)
    path.write_bytes(b"no protobuf at all")
    with pytest.raises(FirelineError, match="not an ONNX file, or truncated"):
        read_graph(path)
    path.write_bytes(b"")
    with pytest.raises(FirelineError, match="holds no graph; use an intact file"):
        read_graph(path)
    monkeypatch.setattr(onnx_graph, "MAXIMUM_BYTES", 10)
    with pytest.raises(FirelineError, match=r"bytes, and at most 10 are read; use a network of"):
        read_graph(save(path, MATMUL))


def test_many_nodes(path, monkeypatch):
    monkeypatch.setattr(onnx_graph, "MAXIMUM_NODES", 1)
    with pytest.raises(FirelineError, match="2 nodes, more than 1; use a network of the Squeeze"):
        read_graph(save(path, MATMUL, helper.make_node("F", ["y"], ["z"])))


def test_inputs_and_outputs(path):
    made = model(MATMUL)
    made.graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, None))
    path.write_bytes(made.SerializeToString())
    with pytest.raises(FirelineError, match="has 2 inputs and 1 outputs; export a network"):
        read_graph(path)
    made = model(MATMUL)
    made.graph.output[0].name = "nothing"
    path.write_bytes(made.SerializeToString())
    with pytest.raises(FirelineError, match="no node writes the output 'nothing'; export it again"):
        read_graph(path)


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ([helper.make_node("F", ["z"], ["y"])], "F 'y' reads 'z', which no node writes"),
        ([helper.make_node("F", ["y"], ["y"])], "F 'y' depends on its own output; export"),
        (
            [helper.make_node("F", ["b"], ["y"]), helper.make_node("G", ["y"], ["b"])],
            "[FG] '[yb]' depends on its own output",
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


def external(folder, name="w.data", **changes):
    """A model whose weight lies behind 8 bytes of another file."""
    (folder / "w.data").write_bytes(bytes(8) + WEIGHT.tobytes())
    tensor = TensorProto(name="w", dims=WEIGHT.shape, data_type=TensorProto.FLOAT)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in ({"location": name, "offset": 8, "length": 24} | changes).items():
        tensor.external_data.add(key=key, value=str(value))
    graph = read_graph(save(folder / "w.onnx", MATMUL, constants=[tensor]))
    return weights(graph)


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
    assert weights(graph).tolist() == WEIGHT.tolist()


def test_data_elsewhere(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "w.data").write_bytes(bytes(32))
    (inside / "link").symlink_to(tmp_path / "w.data")
    elsewhere, absent = "which is not in the folder of this file", "which is not beside this file"
    for name, reason in (
        *((name, elsewhere) for name in ("../w.data", str(tmp_path / "w.data"), "a/w.data")),
        *((name, absent) for name in ("none", "", "..", "a\0b")),
        ("link", "which is a symbolic link; put a copy of the file there"),
    ):
        with pytest.raises(FirelineError, match=reason) as error:
            external(inside, name)
        assert "\n" not in str(error.value)


def test_names_that_are_not_text(path):
    tensor = TensorProto(name="w", dims=WEIGHT.shape, data_type=TensorProto.FLOAT)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="QQQQ")
    data = save(path, MATMUL, constants=[tensor]).read_bytes()
    path.write_bytes(data.replace(b"QQQQ", b"Q\xff\xfeQ").replace(b"product", b"pro\xff\nct"))
    graph = read_graph(path)
    with pytest.raises(FirelineError, match=r"Q.*xff.*xfe") as error:
        weights(graph)
    assert "\n" not in str(error.value)
    assert "\n" not in graph.nodes[0].where


def test_data_of_many_tensors_in_one_file(tmp_path, monkeypatch):
    """A small file may name the bytes of another one any number of times."""
    monkeypatch.setattr(onnx_constants, "MAXIMUM_BYTES", 40)
    (tmp_path / "w.data").write_bytes(bytes(24))
    tensors = []
    for name in ("w", "v"):
        tensor = TensorProto(name=name, dims=WEIGHT.shape, data_type=TensorProto.FLOAT)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="w.data")
        tensors.append(tensor)
    graph = read_graph(save(tmp_path / "w.onnx", MATMUL, constants=tensors))
    assert graph.constants["w"].size == 6
    with pytest.raises(FirelineError, match="'v': constants of more than 512 MiB; use a network"):
        _ = graph.constants["v"]


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
        for name in graph.constants:
            _ = graph.constants[name]
    except FirelineError as error:
        assert "\n" not in str(error)
