"""Quantization: steps, bits by layer, budgets, and invalid weights."""

import json
import os
import re
from dataclasses import replace

import pytest
import safetensors.torch
import torch
from fireline.host.float_network.squeezenet import SqueezeNet
from fireline.host.network.file import read_network
from fireline.host.network.lookup import resolve
from support.command_line import Result, change, complains, runs, truncated
from support.networks.onnx_networks import torch_export


@pytest.fixture
def rounding(arch, weights, pictures):
    return ("quantize", "--arch", arch, "--weights", weights, "--calibration", pictures)


def test_quantize(rounding, tmp_path):
    file = tmp_path / "a.fireline"
    shown = runs(*rounding, "-o", file, "--json", tmp_path / "result.json").stdout
    assert re.search(r"rounding +distance 0\.\d{4} \(\+0\.0000\)", shown)
    assert "error-feedback  distance" in shown
    steps = json.loads((tmp_path / "result.json").read_text())["stages"]
    assert [step["stage"] for step in steps[:2]] == ["rounding", "biases"]
    assert set(steps[0]) == {"stage", "fidelity", "seconds", "undone"}
    network = read_network(file)
    assert network.convs["conv1"].bits == 8 and network.convs["fire2/squeeze"].bits == 4
    assert network.class_names == ("a", "b", "c")


@pytest.fixture
def below_zero(weights):
    """The same weights as a .pth file, with logits that are all below zero."""
    state = safetensors.torch.load_file(weights)
    state["classifier.1.bias"].fill_(-100.0)
    state["classifier.1.weight"] *= 50.0
    file = weights.with_name("user.pth")
    torch.save(state, file)
    return file


def test_a_network_without_last_relu(arch, below_zero, pictures, tmp_path):
    """An option says so; without it, the command warns. The classes are float's."""
    file, result = tmp_path / "a.fireline", tmp_path / "result.json"
    rounding = ("quantize", "--arch", arch, "--weights", below_zero, "--calibration", pictures)
    shown = runs(*rounding, "-o", file, "--json", result).stdout
    assert "warning: all scores are zero on 12 of 12 calibration pictures" in shown
    assert json.loads(result.read_text())["clipping"] is None
    shown = runs(*rounding, "--no-last-relu", "-o", file, "--json", result).stdout
    assert "warning" not in shown and "no last ReLU: all classes have the offset" in shown
    found, network = json.loads(result.read_text())["clipping"], read_network(file)
    assert not network.architecture.last_relu and found["offset"] == network.score_offset > 0
    assert (found["below"], found["above"], found["changed"]) == (0, 0, 0)
    judged = ("evaluate", file, "--data", pictures, "--against", below_zero)
    assert json.loads(Result(*judged, "--json", "-").stdout)["same"] >= 0.8


def test_files_that_tell_of_the_last_relu(arch, weights, pictures, tmp_path):
    """An ONNX file shows it, and training writes it; the file counts, and the user is told."""
    without = replace(resolve(arch), last_relu=False)
    model = SqueezeNet(without)
    model.load_state_dict(safetensors.torch.load_file(weights))
    trained = tmp_path / "trained.safetensors"
    metadata = {"architecture": json.dumps(without.to_dict())}
    safetensors.torch.save_file(model.state_dict(), trained, metadata)
    for file in (torch_export(tmp_path / "w.onnx", model.eval()), trained):
        net = tmp_path / "a.fireline"
        rounding = ("quantize", "--arch", arch, "--weights", file, "--calibration", pictures)
        assert "no ReLU stands behind the classifier" in runs(*rounding, "-o", net).stdout
        assert not read_network(net).architecture.last_relu
        arguments = (*rounding, "--no-last-relu", "-o", net)
        assert "no ReLU stands" not in runs(*arguments).stdout


def test_bits_by_layer_from_a_file(rounding, tmp_path):
    file, bits = tmp_path / "a.fireline", tmp_path / "bits.toml"
    bits.write_text('"fire2/*" = 8\n')
    runs(*rounding, "-o", file, "--weight-bits", bits)
    assert read_network(file).convs["fire2/squeeze"].bits == 8


def test_exponents_of_two_bits(rounding, tmp_path):
    one, two = tmp_path / "one.fireline", tmp_path / "two.fireline"
    runs(*rounding, "-o", one)
    runs(*rounding, "-o", two, "--exponent-bits", 2)
    exponents = [
        max(int(conv.exponents.max()) for conv in read_network(file).convs.values())
        for file in (one, two)
    ]
    assert exponents == [1, 3]
    assert "exponent-bits" in complains(*rounding, "-o", one, "--exponent-bits", 3)


def test_budgets(rounding, tmp_path):
    file = tmp_path / "a.fireline"
    budget = (*rounding, "-o", file, "--rom-kbits")
    least = complains(*budget, 1)
    assert "at least" in least
    assert complains(*budget, 1, "--exponent-bits", 2) != least  # 2 bits need more
    assert "more than 1;" in complains(*budget, 1, "--weight-bits", 4)
    assert not file.exists()
    full = ("--effort", "full", "--epochs", 1, "--without", "blocks")
    shown = runs(*budget, 100, "--board", "ulx3s-25f", *full).stdout
    assert "harm of 4 bits" in shown and "distillation" in shown and "blocks" not in shown
    assert "array 8x8" in shown
    board = ("--board", "ulx3s-25f", "--array", "4x4", "-o", file)
    assert "array 4x4" in runs(*rounding, *board).stdout
    assert "name one with --board" in complains(*rounding, "--array", "4x4", "-o", file)
    large = (*board[:3], "16x32", "-o", tmp_path / "no.fireline")
    assert "weights take at least" in complains(*rounding, *large)


def test_an_unknown_step(rounding):
    assert "distillation" in complains(*rounding, "-o", "x", "--without", "step")


class Evil:
    """Unpickling it runs a command."""

    def __reduce__(self):
        return os.system, ("touch evil",)


@pytest.mark.parametrize(
    "damage, text",
    [
        (lambda path: path.unlink(), "no such file"),
        (truncated, "truncated"),
        (change("features.0.weight", lambda t: t[:4].clone()), "(4x3x3x3) stands where"),
        (change("features.0.weight", lambda t: t * float("nan")), "NaN or infinity"),
        (change("features.0.bias", lambda t: t + float("inf")), "NaN or infinity"),
    ],
)
def test_invalid_weights(damage, text, arch, weights, pictures, tmp_path):
    damage(weights)
    line = complains(
        "quantize", "--arch", arch, "--weights", weights, "--calibration", pictures,
        "-o", tmp_path / "out.fireline",
    )  # fmt: skip
    assert text in line
    assert not (tmp_path / "out.fireline").exists()


def test_code_in_weights_is_not_run(arch, pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"features.0.weight": Evil()}, "evil.pth")
    complains(
        "quantize", "--arch", arch, "--weights", "evil.pth", "--calibration", pictures, "-o", "out"
    )
    assert not (tmp_path / "evil").exists() and not (tmp_path / "out").exists()


def test_an_empty_calibration_folder(arch, weights, tmp_path):
    (tmp_path / "empty").mkdir()
    options = ("--arch", arch, "--weights", weights, "-o", tmp_path / "out.fireline")
    assert "no pictures" in complains("quantize", *options, "--calibration", tmp_path / "empty")
    assert "no such folder" in complains("quantize", *options, "--calibration", tmp_path / "none")
