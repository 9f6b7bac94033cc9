"""Quantized networks: effective weights, sizes, and values out of range."""

import dataclasses
import math

import numpy as np
import pytest
from fireline.errors import FirelineError
from fireline.host.network.architecture import Architecture
from fireline.host.network.quantized import QuantizedConv, Skip
from fireline.host.network.random_network import random_network
from fireline.host.network.stage import Conv1
from support.networks.strategies import preprocessing


def test_effective_weights_shift_groups():
    conv = QuantizedConv(
        name="fire3/squeeze",
        bits=4,
        codes=np.full((1, 21, 1, 1), -3, np.int8),
        exponents=np.array([[[0, 1, 3]]], np.uint8),
        bias=np.zeros(1, np.int32),
        multiplier=np.ones(1, np.uint16),
        shift=1,
        maximum=255,
        segments=(18, 3),
    )
    assert conv.effective_weights().ravel().tolist() == [-3] * 16 + [-6] * 2 + [-24] * 3
    assert conv.effective_weights().dtype == np.int16


def test_effective_weights_of_conv1_group_the_window():
    window = np.arange(27)  # (row, column, channel)
    conv = QuantizedConv(
        name="conv1",
        bits=4,
        codes=np.ones((1, 3, 3, 3), np.int8),
        exponents=np.array([[[0, 2]]], np.uint8),
        bias=np.zeros(1, np.int32),
        multiplier=np.ones(1, np.uint16),
        shift=1,
        maximum=255,
        segments=(27,),
    )
    expected = np.where(window < 16, 1, 4).reshape(3, 3, 3).transpose(2, 0, 1)
    assert np.array_equal(conv.effective_weights()[0], expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bits": 3}, "bits is 3; use 4 or 8"),
        (
            {"codes": np.full((3, 6, 1, 1), 8, np.int8)},
            "the values of codes are 8 to 8; use -8 to 7",
        ),
        ({"codes": np.zeros((3, 6, 1, 1), np.int16)}, "codes is not an array of int8"),
        (
            {"codes": np.zeros((3, 5, 1, 1), np.int8)},
            r"segments are \(6,\); use lengths with the sum 5",
        ),
        ({"codes": np.zeros((3, 6), np.int8)}, "use 4 dimensions"),
        (
            {"exponents": np.full((3, 1, 1), 4, np.uint8)},
            "the values of exponents are 4 to 4; use 0 to 3",
        ),
        ({"exponents": np.zeros((3, 1, 2), np.uint8)}, "the shape of exponents is"),
        ({"bias": np.zeros(4, np.int32)}, "the shape of bias is"),
        ({"multiplier": np.full(3, 4096, np.uint16)}, "the values of multiplier are 4096 to 4096"),
        ({"shift": 0}, "shift is 0; use an integer from 1 to 31"),
        ({"shift": 1.0}, "shift is 1.0; use an integer from 1 to 31"),
        ({"maximum": 15}, "maximum is 15; use 255 or 65535"),
    ],
)
def test_bad_convolutions_are_refused(network, change, message):
    with pytest.raises(FirelineError, match=message):
        dataclasses.replace(network.convs["fire2/squeeze"], **change)


def test_exponents_with_8_bits_are_refused(network):
    with pytest.raises(FirelineError, match="the values of exponents are 1 to 1; use 0 to 0"):
        conv = network.convs["conv1"]
        dataclasses.replace(conv, exponents=np.ones_like(conv.exponents))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pad_value": (0, 0)}, "pad_value has 2 values; use 3"),
        ({"pad_value": (0, 0, 256)}, "pad_value is 256"),
        ({"skips": {}}, "skip 'fire3' is missing"),
        (
            {"skips": {"fire3": Skip(1, 1), "fire4": Skip(1, 1)}},
            "skip 'fire4' is not in the architecture",
        ),
        ({"convs": {}}, "layer 'conv1' is missing"),
        ({"score_scale": 0.0}, "score_scale is 0.0"),
        ({"score_offset": 1}, "score_offset is 1; use a finite float"),
        ({"score_offset": math.inf}, "score_offset is inf; use a finite float"),
        ({"score_offset": 0.5}, "score_offset is 0.5; use 0.0 with a last ReLU"),
        ({"class_names": ("cat",)}, "1 class names for 4 classes; use one text per class"),
        ({"class_names": ("a", "b", "\ud800", "d")}, "3 class names for 4 classes"),
        ({"notes": {"a": "\udcff"}}, "note 'a' is"),
        ({"notes": {"a": [1]}}, "note 'a' is"),
        ({"notes": {"a": float("nan")}}, "note 'a' is nan"),
        ({"notes": {"a": 10**400}}, "note 'a' is 10+; use"),
    ],
)
def test_bad_networks_are_refused(network, change, message):
    with pytest.raises(FirelineError, match=message):
        dataclasses.replace(network, **change)


def test_logits_of_a_network_without_last_relu(network):
    architecture = dataclasses.replace(network.architecture, last_relu=False)
    without = dataclasses.replace(
        network, architecture=architecture, score_scale=0.5, score_offset=3.0
    )
    assert without.logits(np.array([[0, 6, 10]])).tolist() == [[-3.0, 0.0, 2.0]]


def test_a_layer_of_another_shape_is_refused(network):
    convs = {**network.convs, "conv1": network.convs["fire2/squeeze"]}
    with pytest.raises(FirelineError, match="layer conv1: the shape of codes is"):
        dataclasses.replace(network, convs=convs)


def test_scores_beyond_32_bits_are_refused():
    wide = Architecture("wide", 1, 257, 257, preprocessing(1), (Conv1(1, 1, 1, 0),), 1)
    with pytest.raises(FirelineError, match="do not fit into 32 bits"):
        random_network(wide, 0)


@pytest.mark.parametrize("values", [(256, 1), (-1, 1), (1, 0), (1, 16), (1.0, 1)])
def test_bad_skips_are_refused(values):
    with pytest.raises(FirelineError, match="use an integer"):
        Skip(*values)


def test_arrays_are_read_only(network):
    with pytest.raises(ValueError, match="read-only"):
        network.convs["conv1"].bias[0] = 1


def test_bits_in_memory(network):
    conv1, squeeze = network.convs["conv1"], network.convs["fire2/squeeze"]
    assert conv1.memory_bits == 6 * 27 * 8
    assert squeeze.memory_bits == 3 * 6 * 4 + 3 * int(squeeze.exponents.max()).bit_length()
    assert network.weight_bits == sum(conv.memory_bits for conv in network.convs.values())
