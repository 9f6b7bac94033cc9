"""Layers and weight sizes of known networks."""

import pytest
from fireline.host.compiler.compile import compile_network
from fireline.host.network.lookup import resolve
from fireline.host.network.random_network import random_network
from fireline.host.report.summary import PAPER, layer_cycles, summarise, weight_sizes
from fireline.hw.program import ArrayShape


@pytest.mark.parametrize(
    "name, parameters, macs",
    [("squeezenet1_0", 1_248_424, 818_924_576), ("squeezenet1_1", 1_235_496, 349_151_936)],
)
def test_the_family_has_the_papers_parameters(name, parameters, macs):
    layers = summarise(resolve(name))
    assert sum(layer.parameters for layer in layers) == parameters
    assert sum(layer.macs for layer in layers) == macs
    assert {layer.bits for layer in layers} == {layer.cycles for layer in layers} == {None}


def test_sizes_beside_the_papers():
    architecture = resolve("squeezenet1_0")
    size = weight_sizes(architecture)
    biases = sum(layer.parameters - layer.weights for layer in architecture.layers())
    assert round((size.float32 + 4 * biases) / 2**20, 1) == PAPER["float32"]
    assert size.rom is size.entropy_coded is None


def test_sizes_in_the_rom_and_entropy_coded():
    architecture = resolve("cifar10")
    weights = sum(layer.weights for layer in architecture.layers())
    eight = weight_sizes(architecture, random_network(architecture, 0, 8))
    assert (eight.float32, eight.rom) == (4 * weights, weights)
    assert 0.8 * eight.rom < eight.entropy_coded < eight.rom
    four = weight_sizes(architecture, random_network(architecture, 0, 4))
    assert weights / 2 < four.rom < weights * 0.54  # and an exponent for 16 weights, or a few less
    assert 0.8 * four.rom < four.entropy_coded < four.rom


def test_a_layers_cycles_add_up_to_the_frames():
    network = random_network(resolve("cifar10"), 0, {"conv1": 8})
    compiled = compile_network(network, ArrayShape(8, 8))
    assert sum(layer_cycles(compiled).values()) == compiled.timing.cycles
    layers = {layer.name: layer for layer in summarise(network.architecture, network, compiled)}
    assert sum(layer.cycles or 0 for layer in layers.values()) == compiled.timing.cycles
    assert layers["conv1"].bits == 8
    assert layers["fire2/squeeze"].bits == 4
    assert layers["fire2/expand1x1"].cycles is None
    assert layers["pool1"].bits is None


def test_a_squeeze_takes_its_words_and_the_pauses_between_rows():
    compiled = compile_network(random_network(resolve("cifar10"), 0), ArrayShape(8, 8))
    words = 8 * 8 * (128 // 8) * (32 // 8)  # pixels, words a pixel, groups
    assert words <= layer_cycles(compiled)["fire5/squeeze"] < 1.1 * words
