"""Random networks: their activations are spread, their values in range."""

import numpy as np
import pytest
from fireline.host.golden import trace
from fireline.host.network.architecture import Architecture
from fireline.host.network.random_network import random_network
from fireline.host.network.stage import Bypass, Conv1, Fire, MaxPool
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks.strategies import architectures, preprocessing

DEEP = Architecture(
    "deep",
    3,
    16,
    16,
    preprocessing(3),
    (
        Conv1(16, 3, 1, 1),
        Fire(16, 32, 32),
        MaxPool(),
        Fire(16, 32, 32, Bypass.SIMPLE),
        Fire(24, 40, 24, Bypass.COMPLEX),
        MaxPool(),
        Fire(24, 40, 40),
        Fire(32, 48, 48),
    ),
    10,
)


@pytest.mark.parametrize("bits", [4, 8])
def test_activations_spread(bits):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3)).astype(np.uint8)
    for name, values in trace(random_network(DEEP, 5, bits), pixels).items():
        full = np.iinfo(values.dtype).max
        assert np.mean(values == 0) < 0.8, name
        assert np.mean(values == full) < 0.5, name
        assert values.std() > full / 10, name


@settings(max_examples=20, deadline=None)
@given(architectures(), st.integers(0, 2**32), st.sampled_from([4, 8]), st.integers(0, 3))
def test_bits_and_exponents(architecture, seed, bits, exponent_max):
    network = random_network(architecture, seed, {"conv1": bits}, exponent_max)
    for conv in network.convs.values():
        assert conv.bits == (bits if conv.name == "conv1" else 4)
        assert conv.exponents.max() <= (exponent_max if conv.bits == 4 else 0)


def test_equal_seeds_make_equal_networks():
    first, second, third = (random_network(DEEP, seed) for seed in (1, 1, 2))
    for name, conv in first.convs.items():
        assert np.array_equal(conv.codes, second.convs[name].codes)
        assert not np.array_equal(conv.codes, third.convs[name].codes)
