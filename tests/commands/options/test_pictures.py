"""The rules for pictures are those of every command that reads some."""

import pytest
from fireline.host.compiler.compile import compile_network
from fireline.host.network.file import read_network
from fireline.hw.program import ArrayShape
from PIL import Image
from support.built import leave
from support.command_line import Result, complains, runs

READERS = ("train", "quantize", "evaluate", "report", "explore", "bench", "simulate", "classify")


@pytest.fixture
def command(request, arch, net, weights, pictures, picture, tmp_path):
    """A command that reads the pictures; the first of them is grey."""
    Image.open(picture).convert("L").save(picture)
    match request.param:
        case "train":
            return "train", "--arch", arch, "--data", pictures, "-o", tmp_path / "x.safetensors"
        case "quantize":
            name = ("quantize", "--arch", arch, "--weights", weights)
            return *name, "--calibration", pictures, "-o", tmp_path / "x.fireline"
        case "evaluate":
            return "evaluate", net, "--data", pictures
        case "report":
            leave(compile_network(read_network(net), ArrayShape(4, 4)), pictures)
            return "report", pictures, "--data", pictures
        case "explore":
            return "explore", "--arch", arch, "--data", pictures, "-o", tmp_path / "explored"
        case "bench":  # of another network
            for name in "defghij":
                (pictures / name).mkdir()
                Image.new("RGB", (32, 32)).save(pictures / name / "1.png")
            return "bench", "--data", pictures
        case "simulate":
            return "simulate", net, picture, "--array", "4x4"
        case "classify":
            return "classify", picture, "--net", net, "--port", "simulated"


@pytest.mark.parametrize("command", READERS, indirect=True)
def test_strict_refuses_a_grey_picture_everywhere(command):
    assert "would be changed (grey repeated over" in complains(*command, "--strict")


@pytest.mark.parametrize("command", ("evaluate", "report", "simulate"), indirect=True)
def test_a_grey_picture_is_noted(command, picture):
    said = Result(*command).stdout
    assert f"{picture}: grey repeated over three channels\n" in said or (
        f"1 grey picture repeated over three channels: {picture}\n" in said
    )


def test_a_picture_of_another_size_is_scaled_with_a_note(net, tmp_path):
    picture = tmp_path / "large.png"
    Image.new("RGB", (20, 10), (200, 100, 0)).save(picture)
    assert "20x10 pixels scaled" in runs("simulate", net, picture, "--array", "4x4").stdout
    assert "20x10 pixels scaled" in complains("simulate", net, picture, "--strict")


@pytest.mark.parametrize("content, text", [(b"hello", "not an image file"), (None, "no such file")])
def test_a_file_that_is_not_a_picture(net, content, text, tmp_path):
    picture = tmp_path / "picture.png"
    if content:
        picture.write_bytes(content)
    assert text in complains("simulate", net, picture, "--array", "4x4")


def test_a_truncated_picture(net, picture):
    picture.write_bytes(picture.read_bytes()[:60])
    assert "truncated" in complains("simulate", net, picture, "--array", "4x4")
