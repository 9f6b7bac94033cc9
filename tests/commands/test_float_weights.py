"""What a user reads about weights: notes on what was done, or what does not fit."""

import re

import pytest
import safetensors.torch
import torch
from fireline.host.network.file import read_network
from support.command_line import Result, complains, runs

QUICK = [
    part
    for step in ("equalization", "squared-error", "output-error", "error-feedback")
    for part in ("--without", step)
]


@pytest.fixture
def checkpoint(weights, tmp_path):
    """The tiny network's weights as a trainer's checkpoint."""
    state = safetensors.torch.load_file(weights)
    wrapped = {f"module.{name}": state[name] for name in state}
    torch.save({"epoch": 3, "model_state_dict": wrapped}, tmp_path / "best.pth.tar")
    return tmp_path / "best.pth.tar"


def test_notes(arch, checkpoint, pictures, tmp_path):
    """Every command that reads weights says what it did; a result on stdout stays alone there."""
    note = f"weights {checkpoint}: takes the prefix 'model_state_dict.module.' off the names"
    net = tmp_path / "tiny.fireline"
    quantize = ("quantize", "--arch", arch, "--weights", checkpoint, "--calibration", pictures)
    assert note in runs(*quantize, *QUICK, "-o", net).stdout.splitlines()
    evaluate = ("evaluate", net, "--data", pictures, "--against", checkpoint)
    assert note in runs(*evaluate).stdout.splitlines()
    result = Result(*evaluate, "--json", "-")
    assert note in result.stderr.splitlines() and result.stdout.startswith("{")
    train = ("train", "--arch", arch, "--data", pictures, "--from", checkpoint, "--epochs", 1)
    assert note in runs(*train, "-o", tmp_path / "w.safetensors").stdout.splitlines()
    integers = ("--quantize", "-o", tmp_path / "n.fireline")
    assert note in runs(*train, *integers).stdout.splitlines()
    assert read_network(net).class_names == ()


def test_names_that_do_not_fit(arch, weights, pictures, tmp_path):
    state = safetensors.torch.load_file(weights)
    state = {"[/red]": torch.ones(3), "my.a": state["features.0.weight"]} | state
    torch.save(state, tmp_path / "w.pth")
    arguments = (
        "quantize", "--arch", arch, "--weights", tmp_path / "w.pth", "--calibration", pictures,
        "-o", tmp_path / "out.fireline",
    )  # fmt: skip
    assert "export it to ONNX, which needs no names" in complains(*arguments)
    shown = Result(*arguments).stdout
    assert re.search(r"in the file +shape +wanted +shape", shown)
    assert re.search(r"\[/red\] +3 *\n", shown) and re.search(r"my\.a +8x3x3x3 *\n", shown)


def test_the_classes_of_the_file(arch, checkpoint, pictures, tmp_path):
    """A TOML file states the number of classes, so another one is refused."""
    arch.write_text(arch.read_text().replace("classes = 3", "classes = 4"))
    line = complains(
        "quantize", "--arch", arch, "--weights", checkpoint, "--calibration", pictures,
        "-o", tmp_path / "out.fireline",
    )  # fmt: skip
    assert "has 3 classes, but tiny has 4; set classes = 3 in a TOML file" in line
