"""Files with damage of every kind: a command works, or it refuses its input in one line.

A test fails on an error that nobody foresaw, which the command line would turn into one line too.
"""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from fireline import cli
from fireline.commands.common import Output
from fireline.commands.explore import _show
from fireline.errors import FirelineError
from fireline.host import golden
from fireline.host.compiler.compile import compile_network
from fireline.host.exploration.explore import Exploration
from fireline.host.network.file import read_network, write_network
from fireline.host.network.random_network import random_network
from fireline.host.network.weight_bits import layer_bits, read_weight_bits
from fireline.hw.program import ArrayShape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from support.built import leave
from support.networks.damage import damaged_bytes, damaged_values, json_files, toml_files
from support.networks.network_files import parts, signed
from support.networks.small import TINY, compiled
from support.striped import DATA, RECIPE

pytestmark = pytest.mark.slow

STACK = tomllib.loads(
    """
name = "tiny"
input = { channels = 3, height = 8, width = 8 }
preprocessing = { order = "bgr", scale = 1.0, mean = [104, 117, 123], std = [1.0, 1.0, 1.0] }
stages = [
    { conv1 = 8, kernel = 3, stride = 1, padding = 1 },
    "maxpool",
    { squeeze = 4, expand1x1 = 8, expand3x3 = 8, bypass = "complex" },
    { expand = 16, share_3x3 = 0.5, squeeze_ratio = 0.125, bypass = "simple" },
]
classes = 3
"""
)
FAMILY = {"family": "squeezenet1_1-simple", "size": 64, "classes": 3, "preprocessing": "caffe"}


def damaged(examples: int):
    """Settings of a test that draws files; the fixtures' folders are used again."""
    allowed = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=examples, deadline=None, suppress_health_check=allowed)


def works_or_refuses(*arguments) -> None:
    done = CliRunner().invoke(cli.main, [str(each) for each in arguments])
    assert done.exit_code in (0, 2), done.output
    if done.exit_code:
        (line,) = done.stderr.splitlines()
        assert line.startswith("fireline: ") and "unexpected" not in line and len(line) < 1100


@damaged(400)
@given(toml_files(STACK) | toml_files(FAMILY))
def test_toml(tmp_path, data):
    (tmp_path / "drawn.toml").write_bytes(data)
    works_or_refuses("summary", tmp_path / "drawn.toml")


@damaged(200)
@given(st.sampled_from([json_files, toml_files]), st.data())
def test_weight_bits(tmp_path, form, draw):
    file = tmp_path / ("bits.json" if form is json_files else "bits.toml")
    file.write_bytes(draw.draw(form({"fire*/squeeze": 8, "conv1": 4})))
    try:
        assert set(layer_bits(TINY, read_weight_bits(file)).values()) <= {4, 8}
    except FirelineError as error:
        assert "\n" not in str(error)


@damaged(300)
@given(st.data())
def test_network_file(tmp_path, draw):
    """Those whose digest is right, so that everything behind it is reached."""
    network = random_network(TINY, 0)
    file = tmp_path / "drawn.fireline"
    write_network(network, file)
    header, tensors = parts(file.read_bytes())
    file.write_bytes(signed(draw.draw(damaged_values(header)), tensors))
    works_or_refuses("summary", file)
    try:
        drawn = read_network(file)
    except FirelineError:
        return
    shape = drawn.architecture.height, drawn.architecture.width, drawn.architecture.channels
    golden.run(drawn, np.zeros((1, *shape), np.uint8))


@damaged(200)
@given(st.data())
def test_bytes_of_a_network_file(tmp_path, draw):
    file = tmp_path / "drawn.fireline"
    write_network(random_network(TINY, 0), file)
    file.write_bytes(draw.draw(damaged_bytes(file.read_bytes())))
    works_or_refuses("summary", file)


@damaged(120)
@given(st.sampled_from(["build.json", "floorplan.json", "slow_paths.json"]), st.data())
def test_folder_of_a_build(tmp_path, name, draw):
    leave(compiled(TINY), tmp_path)
    (tmp_path / name).write_bytes(draw.draw(json_files(json.loads((tmp_path / name).read_text()))))
    works_or_refuses("report", tmp_path)


POINT = {
    "network": "tiny-simple", "array": "4x4", "bits": 4, "parameters": 100, "float_top1": 0.9,
    "top1": 0.8, "weight_bytes": 60, "cycles": 1000, "block_rams": 7,
}  # fmt: skip


@damaged(60)
@given(json_files(POINT))
def test_point_of_an_exploration(tmp_path, data):
    exploration = Exploration.begin(tmp_path / "explored", TINY, RECIPE, DATA)
    points = exploration.folder / "points"
    (points / "sound.json").write_text(json.dumps(POINT | {"top1": 0.5, "cycles": 10}))
    (points / "drawn.json").write_bytes(data)
    try:
        measured = exploration.measured()
    except FirelineError as error:
        assert "\n" not in str(error) and "delete it to measure" in str(error)
    else:
        _show(Output(None), exploration.folder, "title", measured)


@damaged(100)
@given(json_files({"format": 1, "network": TINY.to_dict(), "pictures": "0" * 64}))
def test_description_of_an_exploration(tmp_path, data):
    folder = tmp_path / "described"
    folder.mkdir(exist_ok=True)
    (folder / "exploration.json").write_bytes(data)
    with pytest.raises(FirelineError, match="choose another folder"):
        Exploration.begin(folder, TINY, RECIPE, DATA)


@damaged(150)
@given(damaged_bytes(b"file,class\na.png,0\nb.png,1\nc.png,2\n"))
def test_labels(tmp_path, data):
    network = random_network(TINY, 0)
    write_network(network, tmp_path / "tiny.fireline")
    pictures = tmp_path / "pictures"
    pictures.mkdir(exist_ok=True)
    for name in "abc":
        Image.new("RGB", (network.architecture.width, network.architecture.height)).save(
            pictures / f"{name}.png"
        )
    (pictures / "labels.csv").write_bytes(data)
    works_or_refuses("evaluate", tmp_path / "tiny.fireline", "--data", pictures)


def test_the_undamaged_files_are_accepted(tmp_path: Path):
    """Otherwise the tests above would show nothing."""
    leave(compile_network(random_network(TINY, 0), ArrayShape(4, 4)), tmp_path)
    done = CliRunner().invoke(cli.main, ["report", str(tmp_path)])
    assert done.exit_code == 0, done.output
