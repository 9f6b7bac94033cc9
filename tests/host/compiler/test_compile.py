from dataclasses import asdict

from fireline.host.compiler.compile import compile_network, enough_requantizer_lanes
from fireline.host.compiler.plan import plan_layers
from fireline.host.network.architecture import Conv1
from fireline.host.network.lookup import resolve
from fireline.host.network.random_network import random_network
from fireline.hw.program import ArrayShape
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks.small import TINY, compiled, fire, network
from support.networks.strategies import architectures


def test_counts_macs_and_passes():
    job = compiled(TINY, bits=4)
    pixels, squeezed = 6 * 5, 3 * 2
    by_hand = pixels * 27 * 6 + squeezed * (6 * 4 + 4 * 4 + 9 * 4 * 5 + 9 * 3)
    assert job.macs == job.mac_passes == by_hand
    assert compiled(TINY, bits=8).mac_passes == 2 * by_hand
    assert job.utilisation == by_hand / (job.timing.cycles * 16)


def test_the_shipped_network_keeps_the_array_busy():
    architecture = resolve("cifar10")
    bits = {layer.name: 4 for layer in architecture.layers() if layer.is_convolution}
    job = compile_network(random_network(architecture, 0, {**bits, "conv1": 8}), ArrayShape(8, 8))
    assert job.utilisation >= 0.95


def test_one_lane_is_enough_for_long_sums_and_short_ones_take_more():
    long = network(Conv1(32, 7, 1, 3), fire(4, 16, 16))
    short = network(Conv1(16, 1, 1, 0), fire(4, 16, 4))

    def lanes(architecture, array):
        plan = plan_layers(architecture)
        return enough_requantizer_lanes(plan, random_network(architecture, 0), array)

    assert lanes(long, ArrayShape(4, 4)) == 1
    assert lanes(short, ArrayShape(16, 16)) == 16


def test_the_identifier_tells_networks_apart():
    same, other = compiled(TINY, seed=0), compiled(TINY, seed=1)
    assert compiled(TINY, seed=0).program.identifier == same.program.identifier
    assert same.program.identifier != other.program.identifier


@given(architectures(), st.sampled_from([4, 8]), st.sampled_from(["4x4", "16x4", "8x32"]))
@settings(deadline=None, max_examples=25)
def test_every_network_compiles_into_its_tables(architecture, bits, array):
    program = compiled(architecture, array, bits).program
    for layer in program.layers:
        assert all(value >= 0 for value in asdict(layer).values() if isinstance(value, int))
        assert layer.pointwise_rom < len(program.weights)
        assert layer.parameters < len(program.parameters)
    width = 4 * program.array.products + program.array.co * program.exponent_bits
    assert max(program.weights) < 1 << width
    size = program.requantizer_lanes * (program.bias_bits + program.multiplier_bits)
    assert max(program.parameters) < 1 << size
