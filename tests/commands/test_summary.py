"""Layers, cycles and sizes of a network."""

import json

import pytest
from fireline.host.network.file import write_network
from fireline.host.network.lookup import resolve
from fireline.host.network.random_network import random_network
from support.command_line import Result, complains, runs


@pytest.mark.parametrize(
    "name, parameters", [("squeezenet1_0", "1,248,424"), ("squeezenet1_1", "1,235,496")]
)
def test_summary_agrees_with_the_paper(name, parameters):
    assert f"total {parameters}" in " ".join(runs("summary", name).stdout.split())


def test_summary_of_a_network_with_its_cycles(net, arch, tmp_path):
    file = tmp_path / "result.json"
    runs("summary", net, "--array", "4x4", "--json", file)
    result = json.loads(file.read_text())
    layers = {layer["name"]: layer for layer in result["layers"]}
    assert layers["conv1"]["parameters"] == 8 * 27 + 8
    assert layers["conv1"]["bits"] == 4
    assert sum(layer["cycles"] or 0 for layer in layers.values()) == result["cycles"]
    assert result["parameters"] == sum(layer["parameters"] for layer in layers.values())
    assert 0 < result["weight_bytes"]["rom"] < result["weight_bytes"]["float32"] / 4
    assert result["weight_bytes"]["entropy_coded"] > 0
    assert result["paper_megabytes"]["float32"] == 4.8
    shape = json.loads(Result("summary", arch, "--json", "-").stdout)
    assert shape["weight_bytes"] == result["weight_bytes"] | {"rom": None, "entropy_coded": None}
    assert shape["parameters"] == result["parameters"] and shape["cycles"] is None


def test_the_last_relu(net, arch, tmp_path):
    assert "last ReLU: yes" in runs("summary", net).stdout
    arch.write_text(arch.read_text() + "last_relu = false\n")
    file = tmp_path / "without.fireline"
    write_network(random_network(resolve(arch), 0), file)
    assert "last ReLU: none" in runs("summary", arch).stdout
    shown = runs("summary", file, "--json", tmp_path / "result.json").stdout
    assert "last ReLU: none" in shown and "have the offset 0.25" in shown
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["last_relu"], result["score_offset"]) == (False, 0.25)


def test_the_streamed_bytes_are_printed(net):
    shown = runs("summary", net, "--array", "4x4", "--head", "sdram").stdout
    assert "bytes of weights are streamed each frame" in shown


@pytest.mark.parametrize("name", ["nix", "nix.toml", "nix.fireline", "squeezenet2_0"])
def test_an_unknown_network(name):
    assert name in complains("summary", name)


@pytest.mark.parametrize("array", ["5x5", "8", "8x8x8", "64x64", "axb"])
def test_an_invalid_array(net, array):
    assert "is not an array" in complains("summary", net, "--array", array)
