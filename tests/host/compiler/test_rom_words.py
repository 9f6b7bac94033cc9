"""The tests unpack the words by the definition of the array."""

import numpy as np
import pytest
from fireline.host.compiler.maps import exponent_group_starts, padded_channels
from fireline.host.compiler.rom_words import parameter_words, weight_words
from fireline.host.network.architecture import Conv1
from fireline.host.network.random_network import random_network
from fireline.hw.program import ArrayShape
from support.networks.small import fire, network

NETWORK = network(Conv1(20, 3, 1, 1), fire(19, 6, 21, "complex"), fire(5, 10, 17, "simple"))


def conv_of(name, bits):
    return random_network(NETWORK, 3, bits, exponent_max=3).convs[name]


@pytest.mark.parametrize("name", ["conv1", "fire2/squeeze", "fire2/expand3x3", "conv4"])
@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize(("ci", "co"), [(4, 8), (16, 4), (8, 32)])
def test_the_array_computes_the_convolution(name, bits, ci, co):
    """A window of random bytes, through the words as the array reads them."""
    conv = conv_of(name, bits)
    outputs, channels, kernel, _ = conv.codes.shape
    window = np.random.default_rng(0).integers(0, 256, (kernel, kernel, channels))
    weights = conv.effective_weights().astype(np.int64)
    expected = np.einsum("oikl,kli->o", weights, window)

    exponent_bits = 2
    inputs = padded_channels(sum(conv.segments), exponent_group_starts(conv.segments), ci)
    order = np.array([*range(outputs - 1, -1, -1), -1])  # in reverse, and one empty lane
    words = iter(weight_words(conv, inputs, order, ArrayShape(ci, co), exponent_bits))
    taps = window.reshape(1, -1) if conv.is_conv1 else window.reshape(-1, channels)
    sums = []
    for _ in range(-(-len(order) // co)):
        lanes = np.zeros(co, np.int64)
        for low in range(bits // 4):
            lanes *= 16 if low else 1
            for tap in taps:
                for word in inputs:
                    bytes_in = np.where(word >= 0, tap[word], 0)
                    packed = next(words)
                    for lane in range(co):
                        nibbles = [packed >> 4 * (lane * ci + n) & 15 for n in range(ci)]
                        if not low:
                            nibbles = [nibble - 16 * (nibble > 7) for nibble in nibbles]
                        shift = packed >> (4 * ci * co + exponent_bits * lane) & 3
                        lanes[lane] += int(bytes_in @ nibbles) << shift
        sums.extend(lanes)
    assert next(words, None) is None
    assert sums[:outputs] == expected[::-1].tolist()
    assert not any(sums[outputs:])


def test_parameters_lie_lane_by_lane():
    conv = conv_of("fire2/squeeze", 4)
    order = np.array([2, -1, 0, 1])
    first, second = parameter_words(conv, order, 3, 20, 12)

    def fields(word, lane):
        channel = word >> 32 * lane
        bias = channel & 0xFFFFF
        return bias - (bias >> 19 << 20), channel >> 20 & 0xFFF

    assert fields(first, 0) == (conv.bias[2], conv.multiplier[2])
    assert fields(first, 1) == (0, 0)
    assert fields(first, 2) == (conv.bias[0], conv.multiplier[0])
    assert fields(second, 0) == (conv.bias[1], conv.multiplier[1])
    assert second >> 32 == 0
