"""ONNX files of float networks: the imported weights compute what onnxruntime computes."""

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from fireline.errors import FirelineError
from fireline.host.float_network.checkpoint.load import load_checkpoint, read_checkpoint
from fireline.host.float_network.squeezenet import normalise
from fireline.host.network.architecture import Fire
from fireline.host.network.families import family
from fireline.host.network.stage import MAX_POOLS
from fireline.host.onnx import read
from fireline.host.onnx.importer import import_onnx, read_onnx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from support.networks.onnx_drawing import Drawing, save
from support.networks.onnx_networks import BASE, CONV1, SMALL, Zoo, run_onnx, torch_export
from support.networks.strategies import architectures
from support.networks.torch_networks import draw_model, draw_pixels


def assert_same(path, architecture, softmax=False):
    """Loaded into torch, the file gives onnxruntime's logits, which are returned."""
    x = normalise(architecture, draw_pixels(architecture, 2))
    with torch.no_grad():
        found = load_checkpoint(path, architecture)(x)
    found = found.softmax(1) if softmax else found
    expected = run_onnx(path, x)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()))
    return expected


@pytest.mark.parametrize("folding", [False, True])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("name", SMALL)
def test_as_torch_exports_it(tmp_path, name, batch_norm, folding):
    model = draw_model(SMALL[name], batch_norm)
    assert assert_same(torch_export(tmp_path / "w.onnx", model, folding), SMALL[name]).std() > 0


@pytest.mark.parametrize("side", [21, 23])
@pytest.mark.parametrize("pool", MAX_POOLS, ids=str)
def test_pools_as_torch_exports_them(tmp_path, pool, side):
    """The sides of the pooled map are 11 or 12, and 11."""
    stages = CONV1, pool, Fire(4, 5, 6)
    architecture = dataclasses.replace(BASE, height=side, width=21, stages=stages)
    path = torch_export(tmp_path / "w.onnx", draw_model(architecture, batch_norm=False))
    assert assert_same(path, architecture).std() > 0


@pytest.mark.parametrize("name", ["squeezenet1_0", "squeezenet1_1"])
def test_families_at_full_size(tmp_path, name):
    architecture = family(name)
    path = torch_export(tmp_path / "w.onnx", draw_model(architecture, batch_norm=False))
    assert_same(path, architecture)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(
    architecture=architectures(),
    swapped=st.booleans(),
    average=st.sampled_from(["GlobalAveragePool", "AveragePool", "ReduceMean"]),
    softmax=st.booleans(),
    norm=st.booleans(),
)
def test_as_the_zoo_has_it(tmp_path, architecture, swapped, average, softmax, norm):
    path = Zoo(architecture, swapped, average, softmax, norm).save(tmp_path / "w.onnx")
    try:
        assert_same(path, architecture, softmax)
    except FirelineError as error:
        simple = [stage for stage in architecture.stages if vars(stage).get("bypass")]
        assert swapped and simple and "different orders" in str(error)


def test_concat_with_the_3x3_first(tmp_path):
    """Refused where a bypass adds channels to others than in the architecture."""
    path = tmp_path / "w.onnx"
    for name in ("vanilla", "complex"):
        Zoo(SMALL[name], swapped=True).save(path)
        assert assert_same(path, SMALL[name]).std() > 0
    Zoo(SMALL["simple"], swapped=True).save(path)
    with pytest.raises(FirelineError, match=r"Sum 'r\d+' adds maps .* in different orders"):
        import_onnx(path, SMALL["simple"])


def test_half_precision(tmp_path):
    architecture = SMALL["complex"]
    path = Zoo(architecture, dtype=np.float16).save(tmp_path / "w.onnx")
    _, found = import_onnx(path, architecture)
    assert found["conv1"][0].dtype == np.float64
    expected = numpy_helper.to_array(onnx.load(path).graph.initializer[0])
    np.testing.assert_array_equal(found["conv1"][0], expected)


def test_weights_are_the_models_own(tmp_path):
    model = draw_model(SMALL["complex"], batch_norm=False)
    network, found = import_onnx(torch_export(tmp_path / "w.onnx", model), SMALL["complex"])
    layers = [layer.name for layer in SMALL["complex"].layers() if layer.is_convolution]
    assert (network.architecture, network.notes) == (SMALL["complex"], ())
    assert list(found) == layers
    for name, (weight, bias) in found.items():
        np.testing.assert_array_equal(weight, model.conv(name).weight.detach())
        np.testing.assert_array_equal(bias, model.conv(name).bias.detach())


@pytest.mark.parametrize("norm", [False, True])
def test_the_file_says_whether_there_is_a_last_relu(tmp_path, norm):
    """Whatever the architecture says, the network computes what the file does."""
    with_relu = SMALL["vanilla"]
    without = dataclasses.replace(with_relu, last_relu=False)
    for own, other in ((with_relu, without), (without, with_relu)):
        path = Zoo(own, norm=norm).save(tmp_path / "w.onnx")
        expected = assert_same(path, other)
        assert (expected.min() < 0) is not own.last_relu
        assert import_onnx(path, other)[0].architecture == own
        assert read_onnx(path, other).architecture == own
        checkpoint = read_checkpoint(path, other)
        assert checkpoint.model.architecture == own
        has = "a ReLU stands" if own.last_relu else "no ReLU stands"
        assert has in checkpoint.notes[0]
        assert read_checkpoint(path, own).notes == ()


LIGHT = Path(onnx.__file__).parent / "backend/test/data/light/light_squeezenet.onnx"


@pytest.mark.skipif(not LIGHT.is_file(), reason="needs the model zoo's graph")
def test_graph_of_the_model_zoo(tmp_path):
    """The file holds no weights, only their shapes; the weights are drawn."""
    model, random = onnx.load(LIGHT), np.random.default_rng(0)
    shapes = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    for node in [n for n in model.graph.node if n.op_type == "ConstantOfShape"]:
        shape = shapes[node.input[0]]
        spread = np.sqrt(2 / np.prod(shape[1:])) if len(shape) == 4 else 0.1
        values = random.normal(0, spread, shape).astype(np.float32)
        model.graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
        model.graph.node.remove(node)
    onnx.save(model, tmp_path / "w.onnx")
    architecture = family("squeezenet1_1")
    x = normalise(architecture, draw_pixels(architecture, 1))
    with torch.no_grad():
        found = load_checkpoint(tmp_path / "w.onnx", architecture)(x).softmax(1)
    torch.testing.assert_close(found, run_onnx(tmp_path / "w.onnx", x), rtol=1e-4, atol=1e-7)


def test_read_as_it_is(tmp_path):
    """Stages, classes and size are the file's; name and preprocessing the architecture's."""
    path = Zoo(SMALL["complex"]).save(tmp_path / "w.onnx")
    other = family("squeezenet1_0", size=99)
    found = read_onnx(path, other).architecture
    assert found == dataclasses.replace(
        SMALL["complex"], name=other.name, preprocessing=other.preprocessing
    )


def test_classes_of_the_file(tmp_path):
    path = Zoo(SMALL["complex"]).save(tmp_path / "w.onnx")
    many = dataclasses.replace(SMALL["complex"], classes=1000)
    network, found = import_onnx(path, many, any_classes=True)
    assert network.architecture == SMALL["complex"]
    assert len(found[many.classifier.name][1]) == 7
    with pytest.raises(FirelineError, match="has 7 classes, but small has 1000"):
        import_onnx(path, many)


def test_pictures_of_another_size(tmp_path):
    """Pools and average are checked at the input size of the file, and a note names both sizes."""
    path = Zoo(SMALL["vanilla"], average="AveragePool").save(tmp_path / "w.onnx")
    larger = dataclasses.replace(SMALL["vanilla"], height=52, width=64)
    (network, found), (same, expected) = (
        import_onnx(path, each) for each in (larger, SMALL["vanilla"])
    )
    assert all(np.array_equal(found[name][0], expected[name][0]) for name in expected)
    sizes = [f"{each.height}x{each.width}" for each in (SMALL["vanilla"], larger)]
    (note,) = network.notes
    assert f"takes pictures of {sizes[0]}, but Fireline uses the {sizes[1]} of small" in note
    assert not same.notes


def rewire(operator, index, source, count=0):
    """Makes the count-th node with that operator read another tensor."""

    def change(graph):
        node = [n for n in graph.node if n.op_type == operator][count]
        node.input[index] = source
        return node.output[0]

    return change


def insert(operator, behind, **attributes):
    """Inserts a node after the first node with the operator ``behind``."""

    def change(graph):
        at = next(i for i, node in enumerate(graph.node) if node.op_type == behind)
        tensor = graph.node[at].output[0]
        graph.node[at].output[0] = "before"
        graph.node.insert(at + 1, helper.make_node(operator, ["before"], [tensor], **attributes))

    return change


def set_axis(graph):
    next(n for n in graph.node if n.op_type == "Concat").attribute[0].i = 2


def wider_conv1(graph):
    for tensor, shape in zip(graph.initializer[:2], [(9, 3, 3, 3), (9,)], strict=True):
        values = np.ones(shape, np.float32)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (insert("Sigmoid", "MaxPool"), "Sigmoid 'r2' stands where a ReLU, or nothing, is expected"),
        (insert("Tanh", "GlobalAveragePool"), "Tanh 'r[0-9]+' stands where a ReLU, or nothing"),
        (insert("Tanh", "Conv"), "Tanh 'r0' stands where a ReLU, or nothing, is expected; train"),
        (set_axis, "Concat 'r9' joins 2 maps along axis 2"),
        (rewire("Add", 1, "r9"), "Add 'r12' is not a bypass"),
        (rewire("Add", 0, "r11"), "Add 'r12' is not a bypass"),
        (rewire("Concat", 1, "r6"), "Add 'r12' adds maps of 10 x 10 x 10 and 11 x 10 x 10"),
        (wider_conv1, "Conv 'r3' has 4 x 8 x 1 x 1 weights, but reads 9 channels; check"),
        (rewire("Conv", 0, "data_0", 1), "Conv 'r3' has 4 x 8 x 1 x 1 weights, but reads 3"),
    ],
)
def test_other_networks(tmp_path, change, reason):
    builder = Zoo(SMALL["complex"])
    change(builder.model.graph)
    path = builder.save(tmp_path / "w.onnx")
    with pytest.raises(FirelineError, match=reason) as error:
        import_onnx(path, SMALL["complex"])
    assert str(error.value).startswith(f"weights {path}: ") and "\n" not in str(error.value)


def test_values_out_of_range(tmp_path):
    builder = Zoo(SMALL["vanilla"])
    builder.model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 2000
    path = builder.save(tmp_path / "w.onnx")
    with pytest.raises(FirelineError, match=r"w\.onnx: the input: height is 2000"):
        import_onnx(path, SMALL["vanilla"])


def test_many_operators_in_a_row(tmp_path):
    """Neither a chain of operators nor maps that double take long."""

    class Chain(Drawing):
        def conv1(self, x):
            x = self.conv(x, 3, 8, 3, 0, 2)
            for _ in range(3000):
                x = self.op("MaxPool", x, kernel_shape=[1, 1])
            return self.relu(x)

    class Doubled(Drawing):
        def conv1(self, x):
            x = self.conv(x, 3, 8, 3, 0, 2)
            for _ in range(100):
                x = self.op("Concat", x, x, axis=1)
            return self.relu(x)

    for drawing, reason in (
        (Chain, "too many operators in a row; use a network of the SqueezeNet family"),
        (Doubled, "joins maps of 65536 x 16 x 16 and 65536 x 16 x 16; join maps of one size"),
    ):
        drawn = drawing()
        with pytest.raises(FirelineError, match=reason):
            read_onnx(save(tmp_path / "w.onnx", drawn), drawn.architecture())


def test_many_weights(tmp_path, monkeypatch):
    """A node may read the weights of another one, so a small file may stand for any number."""
    monkeypatch.setattr(read, "MAXIMUM_WEIGHTS", 1000)
    drawn = Drawing()
    with pytest.raises(FirelineError, match=r"more than 1000 weights up to .*; use a"):
        read_onnx(save(tmp_path / "w.onnx", drawn), drawn.architecture())
