"""TOML files: both forms are read, everything else is refused in one line."""

import pytest
from fireline.errors import FirelineError
from fireline.host.network.architecture import PREPROCESSINGS, Bypass, Conv1, Fire, MaxPool
from fireline.host.network.families import family
from fireline.host.network.toml_file import read_toml

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


def test_toml_stack(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(STACK)
    network = read_toml(path)
    assert network.preprocessing == PREPROCESSINGS["torchvision"]
    assert network.stages == (
        Conv1(32, 3, 1, 1),
        MaxPool(),
        Fire(16, 24, 72),
        Fire(12, 48, 48, Bypass.SIMPLE),
    )


@pytest.mark.parametrize(
    ("text", "pool"),
    [
        ("{ maxpool = 2 }", MaxPool(2, ceil=False)),
        ("{ maxpool = 2, ceil = true }", MaxPool(2)),
        ("{ maxpool = 3, ceil = true }", MaxPool()),
        ("{ maxpool = 3 }", MaxPool(3, ceil=False)),
        ("{ maxpool = 3, padding = 1 }", MaxPool(3, ceil=False, padding=1)),
    ],
)
def test_toml_pools(tmp_path, text, pool):
    path = tmp_path / "tiny.toml"
    path.write_text(STACK.replace('"maxpool"', text))
    assert read_toml(path).stages[1] == pool


def test_toml_family(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text('family = "squeezenet1_1-simple"\nsize = 64\nclasses = 5\n')
    assert read_toml(path) == family("squeezenet1_1", Bypass.SIMPLE, 64, 5)
    path.write_text('family = "squeezenet1_0"\nsize = 227\nclasses = 5\npreprocessing = "caffe"')
    assert read_toml(path).preprocessing == PREPROCESSINGS["caffe"]


@pytest.mark.parametrize("text", [STACK, 'family = "squeezenet1_1"\nsize = 64\nclasses = 5\n'])
def test_toml_without_last_relu(tmp_path, text):
    path = tmp_path / "tiny.toml"
    path.write_text(text)
    assert read_toml(path).last_relu
    path.write_text(text + "last_relu = false\n")
    assert not read_toml(path).last_relu
    path.write_text(text + 'last_relu = "no"\n')
    with pytest.raises(FirelineError, match="last_relu is 'no'; use true or false"):
        read_toml(path)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("classes = 10", "", "lacks 'classes'"),
        ("classes = 10", "classes = '10'", "number of classes is '10'"),
        ("classes = 10", "classes = 10\nclass = 1", "unknown key 'class'"),
        ("classes = 10", "classes = 10\nlast-relu = false", "use .*, classes, last_relu$"),
        ("channels = 3, ", "", "input lacks 'channels'"),
        ('"torchvision"', '"torch"', "preprocessing is 'torch'; use torchvision, caffe"),
        ('"torchvision"', "{ order = 'rgb' }", "preprocessing lacks 'scale'"),
        ('"maxpool"', '"pool"', r"stages\[1\] is 'pool'"),
        ('"maxpool"', "[]", r"stages\[1\] is \[\]"),
        ('"maxpool",', '"maxpool", "maxpool",', r"stages\[2\] is a second pool"),
        ('"maxpool"', "{ maxpool = 4 }", r"stages\[1\]: the max pool's kernel is 4"),
        ('"maxpool"', "{ maxpool = 2, stride = 2 }", r"stages\[1\] has the unknown key 'stride'"),
        ("stride = 1, ", "", r"stages\[0\] lacks 'stride'"),
        ("expand1x1 = 24, ", "", r"stages\[2\] lacks 'expand1x1'"),
        ("expand = 96", "expand = 1", r"stages\[3\]: expand is 1"),
        ("share_3x3 = 0.5", "share_3x3 = nan", "share_3x3 is nan, which is no finite"),
        ("share_3x3 = 0.5", "share_3x3 = 1.5", r"share_3x3 is 1.5; use a number from 0 to 1"),
        ("share_3x3 = 0.5", "share_3x3 = 1.0", r"stages\[3\]: expand1x1 is 0"),
        (
            "ratio = 0.125",
            "ratio = 1e308",
            r"squeeze_ratio is 1e\+308; use a number from 0 to 4096",
        ),
        ("ratio = 0.125", f"ratio = {10**400}", "squeeze_ratio is an integer of more than 64"),
        ("expand = 96", "expand = 98", r"stages\[3\]: a simple bypass"),
        ('"simple"', '"both"', r"stages\[3\]: bypass is 'both'; use none, simple, complex"),
        ("stages = [", "stages = 3\nx = [", "stages is 3; use an array|unknown key 'x'"),
        ("name =", "name", "not a valid TOML file"),
    ],
)
def test_toml_refused(tmp_path, old, new, reason):
    path = tmp_path / "bad.toml"
    path.write_text(STACK.replace(old, new, 1))
    with pytest.raises(FirelineError, match=reason) as error:
        read_toml(path)
    assert "bad.toml" in str(error.value) and "\n" not in str(error.value)


def test_toml_missing_or_binary(tmp_path):
    with pytest.raises(FirelineError, match="no such file"):
        read_toml(tmp_path / "none.toml")
    with pytest.raises(FirelineError, match="network file"):
        read_toml(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(FirelineError, match="byte 0 is not UTF-8 text"):
        read_toml(tmp_path / "binary.toml")
