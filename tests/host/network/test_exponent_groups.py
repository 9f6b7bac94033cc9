"""Exponent groups and segments of a convolution's input."""

from fireline.host.network.architecture import Architecture
from fireline.host.network.exponent_groups import exponent_group_index, input_segments
from fireline.host.network.stage import Bypass, Conv1, Fire, MaxPool
from support.networks.strategies import preprocessing

SMALL = Architecture(
    "small",
    3,
    8,
    9,
    preprocessing(3),
    (Conv1(6, 3, 1, 1), MaxPool(), Fire(3, 20, 5), MaxPool(), Fire(4, 5, 20, Bypass.SIMPLE)),
    4,
)


def test_group_index_starts_anew_at_a_segment():
    assert exponent_group_index((18, 3)).tolist() == [0] * 16 + [1] * 2 + [2] * 3
    assert exponent_group_index((48, 48)).tolist() == [i // 16 for i in range(96)]


def test_input_segments_pass_pools():
    segments = {
        layer.name: input_segments(SMALL, layer) for layer in SMALL.layers() if layer.weights
    }
    assert segments["conv1"] == (27,)
    assert segments["fire2/squeeze"] == (6,)
    assert segments["fire2/expand3x3"] == (3,)
    assert segments["fire3/squeeze"] == (20, 5)
    assert segments["conv4"] == (5, 20)
