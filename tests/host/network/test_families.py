"""The family as in the papers, and TOML files."""

import pytest
from fireline.errors import FirelineError
from fireline.host.network.architecture import PREPROCESSINGS, Bypass, Conv1, Fire, MaxPool
from fireline.host.network.families import family, fire_stack, load_toml, resolve
from hypothesis import given
from hypothesis import strategies as st

STACK = """
name = "tiny"
input = { channels = 3, height = 32, width = 32 }
preprocessing = "torchvision"
stages = [
    { conv1 = 32, kernel = 3, stride = 1, padding = 1 },
    "maxpool",
    { squeeze = 16, expand1x1 = 24, expand3x3 = 72 },
    { expand = 96, share_3x3 = 0.5, squeeze_ratio = 0.125, bypass = "simple" },
]
classes = 10
"""


def parameters(architecture):
    return sum(layer.parameters for layer in architecture.layers())


def bypasses(architecture):
    fires = [stage for stage in architecture.stages if isinstance(stage, Fire)]
    return [fire.bypass.value for fire in fires]


def test_parameters_and_macs_as_published():
    v1_0, v1_1 = family("squeezenet1_0"), family("squeezenet1_1")
    assert parameters(v1_0) == 1_248_424
    assert parameters(v1_1) == 1_235_496
    assert sum(layer.macs for layer in v1_0.layers()) == 818_924_576
    assert sum(layer.macs for layer in v1_1.layers()) == 349_151_936


def test_1_1_in_full():
    assert family("squeezenet1_1").stages == (
        Conv1(64, 3, 2, 0),
        MaxPool(),
        Fire(16, 64, 64),
        Fire(16, 64, 64),
        MaxPool(),
        Fire(32, 128, 128),
        Fire(32, 128, 128),
        MaxPool(),
        Fire(48, 192, 192),
        Fire(48, 192, 192),
        Fire(64, 256, 256),
        Fire(64, 256, 256),
    )


@pytest.mark.parametrize("name", ["squeezenet1_0", "squeezenet1_1"])
def test_bypasses_stand_as_in_the_paper(name):
    assert bypasses(family(name)) == ["none"] * 8
    assert bypasses(family(name, Bypass.SIMPLE)) == ["none", "simple"] * 4
    assert bypasses(family(name, Bypass.COMPLEX)) == ["complex", "simple"] * 4


def test_metaparameters():
    network = fire_stack(
        "x", Conv1(8, 3, 1, 1), (2,), fires=3, base_e=16, incr_e=8, freq=1, pct_3x3=0.25, size=32
    )
    assert network.stages == (
        Conv1(8, 3, 1, 1),
        Fire(2, 12, 4),
        MaxPool(),
        Fire(3, 18, 6),
        Fire(4, 24, 8),
    )


def test_resolve():
    assert resolve("squeezenet1_1") == family("squeezenet1_1")
    assert resolve("squeezenet1_0-simple") == family("squeezenet1_0", Bypass.SIMPLE)
    assert resolve("squeezenet1_1-complex").name == "squeezenet1_1-complex"
    shipped = resolve("cifar10")
    assert (shipped.name, shipped.classes, parameters(shipped)) == ("cifar10", 10, 141_034)
    assert bypasses(resolve("cifar10-simple")) == [
        "none",
        "simple",
        "none",
        "none",
        "simple",
        "none",
    ]
    assert resolve("cifar10-complex").name == "cifar10-complex"


@pytest.mark.parametrize("name", ["", "squeezenet", "squeezenet1_1-none", "cifar10-half"])
def test_resolve_refuses(name):
    with pytest.raises(FirelineError, match=r"unknown network .* use squeezenet1_0"):
        resolve(name)


def test_toml_stack(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(STACK)
    network = resolve(path)
    assert network.preprocessing == PREPROCESSINGS["torchvision"]
    assert network.stages == (
        Conv1(32, 3, 1, 1),
        MaxPool(),
        Fire(16, 24, 72),
        Fire(12, 48, 48, Bypass.SIMPLE),
    )


def test_toml_family(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text('family = "squeezenet1_1-simple"\nsize = 64\nclasses = 5\n')
    assert load_toml(path) == family("squeezenet1_1", Bypass.SIMPLE, 64, 5)
    path.write_text('family = "squeezenet1_0"\nsize = 227\nclasses = 5\npreprocessing = "caffe"')
    assert load_toml(path).preprocessing == PREPROCESSINGS["caffe"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("classes = 10", "", "lacks 'classes'"),
        ("classes = 10", "classes = '10'", "number of classes is '10'"),
        ("classes = 10", "classes = 10\nclass = 1", "unknown key 'class'"),
        ("channels = 3, ", "", "input lacks 'channels'"),
        ('"torchvision"', '"torch"', "preprocessing is 'torch'; use torchvision, caffe"),
        ('"torchvision"', "{ order = 'rgb' }", "preprocessing lacks 'scale'"),
        ('"maxpool"', '"pool"', r"stages\[1\] is 'pool'"),
        ('"maxpool"', "[]", r"stages\[1\] is \[\]"),
        ('"maxpool",', '"maxpool", "maxpool",', r"stages\[2\] is a second pool"),
        ("stride = 1, ", "", r"stages\[0\] lacks 'stride'"),
        ("expand1x1 = 24, ", "", r"stages\[2\] lacks 'expand1x1'"),
        ("expand = 96", "expand = 1", r"stages\[3\]: expand is 1"),
        ("share_3x3 = 0.5", "share_3x3 = nan", r"stages\[3\]: share_3x3 is nan"),
        ("share_3x3 = 0.5", "share_3x3 = 1.5", r"stages\[3\]: expand1x1 is -48"),
        ("expand = 96", "expand = 98", r"stages\[3\]: a simple bypass"),
        ('"simple"', '"both"', r"stages\[3\]: bypass is 'both'; use none, simple, complex"),
        ("stages = [", "stages = 3\nx = [", "unknown key 'x'|stages is not an array"),
        ("name =", "name", "not a TOML file"),
    ],
)
def test_toml_refused(tmp_path, old, new, reason):
    path = tmp_path / "bad.toml"
    path.write_text(STACK.replace(old, new, 1))
    with pytest.raises(FirelineError, match=reason) as error:
        load_toml(path)
    assert "bad.toml" in str(error.value) and "\n" not in str(error.value)


def test_toml_missing_or_binary(tmp_path):
    with pytest.raises(FirelineError, match="no such file"):
        load_toml(tmp_path / "none.toml")
    with pytest.raises(FirelineError, match="network file"):
        load_toml(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(FirelineError, match="not a TOML file"):
        load_toml(tmp_path / "binary.toml")


@given(size=st.integers(-1, 2000), classes=st.integers(-1, 5000))
def test_any_size_is_taken_or_refused_in_one_line(size, classes):
    try:
        assert family("squeezenet1_0", size=size, classes=classes).height == size
    except FirelineError as error:
        assert "\n" not in str(error)
