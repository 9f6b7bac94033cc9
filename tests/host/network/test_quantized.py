import dataclasses
import hashlib
import json
import os

import numpy as np
import pytest
import safetensors.numpy
from fireline.errors import FirelineError
from fireline.host.network.architecture import Architecture
from fireline.host.network.quantized import (
    FORMAT,
    NO_DIGEST,
    QuantizedConv,
    QuantizedNetwork,
    Skip,
    exponent_group_index,
    input_segments,
)
from fireline.host.network.random_network import random_network
from fireline.host.network.stage import Bypass, Conv1, Fire, MaxPool
from hypothesis import given, settings
from hypothesis import strategies as st
from support.strategies import architectures, preprocessing

SMALL = Architecture(
    "small",
    3,
    8,
    9,
    preprocessing(3),
    (Conv1(6, 3, 1, 1), MaxPool(), Fire(3, 20, 5), MaxPool(), Fire(4, 5, 20, Bypass.SIMPLE)),
    4,
)


@pytest.fixture(scope="module")
def network() -> QuantizedNetwork:
    network = random_network(SMALL, 1, {"conv1": 8}, exponent_max=3)
    names = ("cat", "dog", "0" * 64, "Kühlschrank")
    return dataclasses.replace(network, class_names=names, notes={"accuracy": 0.87, "images": 3})


@pytest.fixture(scope="module")
def data(network, tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("network") / "small.net"
    network.save(path)
    return path.read_bytes()


def same(a: QuantizedNetwork, b: QuantizedNetwork) -> bool:
    """Whether all fields are equal."""
    plain = ("architecture", "pad_value", "skips", "score_scale", "class_names", "notes")
    return (
        all(getattr(a, name) == getattr(b, name) for name in plain)
        and a.convs.keys() == b.convs.keys()
        and all(
            np.array_equal(getattr(a.convs[layer], field.name), getattr(b.convs[layer], field.name))
            for layer in a.convs
            for field in dataclasses.fields(QuantizedConv)
        )
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


def test_round_trip(network, data, tmp_path):
    path = tmp_path / "again.net"
    path.write_bytes(data)
    loaded = QuantizedNetwork.load(path)
    assert same(loaded, network)
    loaded.save(path)
    assert path.read_bytes() == data
    assert os.listdir(tmp_path) == ["again.net"]


@settings(max_examples=10, deadline=None)
@given(architectures(), st.integers(0, 2**32))
def test_round_trip_of_any_shape(tmp_path_factory, architecture, seed):
    path = tmp_path_factory.mktemp("any") / "any.net"
    network = random_network(architecture, seed)
    network.save(path)
    assert same(QuantizedNetwork.load(path), network)


def refusal(path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(FirelineError) as error:
        QuantizedNetwork.load(path)
    assert "\n" not in str(error.value) and str(path) in str(error.value)
    return str(error.value)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_flipped_bit_anywhere_is_refused(tmp_path_factory, data, draw):
    path = tmp_path_factory.getbasetemp() / "flipped.net"
    position = draw.draw(st.integers(0, len(data) - 1))
    mask = draw.draw(st.integers(1, 255))
    refusal(path, data[:position] + bytes([data[position] ^ mask]) + data[position + 1 :])


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_cut_or_lengthened_file_is_refused(tmp_path_factory, data, draw):
    path = tmp_path_factory.getbasetemp() / "cut.net"
    refusal(path, data[: draw.draw(st.integers(0, len(data) - 1))])
    refusal(path, data + draw.draw(st.binary(min_size=1, max_size=9)))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_noise_is_refused(tmp_path_factory, noise):
    path = tmp_path_factory.getbasetemp() / "noise.net"
    refusal(path, noise)
    refusal(path, len(noise).to_bytes(8, "little") + noise)


def parts(data: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    """Header and tensors of a file."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][FORMAT])
    return header, safetensors.numpy.load(data)


def signed(header: dict, tensors: dict[str, np.ndarray]) -> bytes:
    """A file with a digest that is right, whatever it holds."""
    text = json.dumps({**header, "digest": NO_DIGEST})
    data = safetensors.numpy.save(tensors, {FORMAT: text})
    return data.replace(NO_DIGEST.encode(), hashlib.sha256(data).hexdigest().encode(), 1)


def places(value: object) -> list[tuple]:
    """The paths to everything in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, item in items:
        inner = places(item) if isinstance(item, dict | list) else []
        found += [(key,), *((key, *path) for path in inner)]
    return found


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_signed_header_is_checked(tmp_path_factory, data, draw):
    header, tensors = parts(data)
    *path, last = draw.draw(st.sampled_from(places(header)))
    target = header
    for key in path:
        target = target[key]
    values = st.none() | st.integers(-9, 300) | st.floats() | st.text(max_size=3)
    target[last] = draw.draw(values | st.lists(values, max_size=2) | st.just({"kind": "fire"}))
    path = tmp_path_factory.getbasetemp() / "signed.net"
    path.write_bytes(signed(header, tensors))
    try:
        QuantizedNetwork.load(path).save(path)
    except FirelineError as error:
        assert "\n" not in str(error)


def test_signed_tensors_are_checked(tmp_path, data):
    header, tensors = parts(data)
    path = tmp_path / "signed.net"
    assert "unexpected 'more'" in refusal(path, signed(header, {**tensors, "more": np.ones(1)}))
    lacking = {name: value for name, value in tensors.items() if name != "conv1.bias"}
    assert "conv1.bias" in refusal(path, signed(header, lacking))
    wrong = {**tensors, "conv1.bias": tensors["conv1.bias"].astype(np.int64)}
    assert "bias must be an array of int32" in refusal(path, signed(header, wrong))


def test_another_version_is_refused(data, tmp_path):
    other = data.replace(b'\\"version\\":1', b'\\"version\\":2')
    assert "version 2, not 1; quantize again" in refusal(tmp_path / "other.net", other)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(FirelineError, match="No such file or directory; check the path"):
        QuantizedNetwork.load(tmp_path / "none.net")


def test_a_folder_that_is_not_there_is_refused(network, tmp_path):
    with pytest.raises(FirelineError, match=r"^network file .*No such file or directory"):
        network.save(tmp_path / "none" / "small.net")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bits": 3}, "3 bits; use 4 or 8"),
        ({"codes": np.full((3, 6, 1, 1), 8, np.int8)}, "codes run from 8 to 8; use -8 to 7"),
        ({"codes": np.zeros((3, 6, 1, 1), np.int16)}, "codes must be an array of int8"),
        ({"codes": np.zeros((3, 5, 1, 1), np.int8)}, r"segments \(6,\) do not add up to 5"),
        ({"codes": np.zeros((3, 6), np.int8)}, "use 4 dimensions"),
        ({"exponents": np.full((3, 1, 1), 4, np.uint8)}, "exponents run from 4 to 4; use 0 to 3"),
        ({"exponents": np.zeros((3, 1, 2), np.uint8)}, "exponents has shape"),
        ({"bias": np.zeros(4, np.int32)}, "bias has shape"),
        ({"multiplier": np.full(3, 4096, np.uint16)}, "multiplier run from 4096 to 4096"),
        ({"shift": 0}, "shift is 0; use an integer from 1 to 31"),
        ({"shift": 1.0}, "shift is 1.0; use an integer from 1 to 31"),
        ({"maximum": 15}, "maximum is 15; use 255 or 65535"),
    ],
)
def test_bad_convolutions_are_refused(network, change, message):
    with pytest.raises(FirelineError, match=message):
        dataclasses.replace(network.convs["fire2/squeeze"], **change)


def test_exponents_with_8_bits_are_refused(network):
    with pytest.raises(FirelineError, match="exponents run from 1 to 1; use 0 to 0"):
        conv = network.convs["conv1"]
        dataclasses.replace(conv, exponents=np.ones_like(conv.exponents))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pad_value": (0, 0)}, "pad_value needs 3 values"),
        ({"pad_value": (0, 0, 256)}, "pad_value is 256"),
        ({"skips": {}}, "bypasses: the network lacks 'fire3'"),
        ({"skips": {"fire3": Skip(1, 1), "fire4": Skip(1, 1)}}, "does not have 'fire4'"),
        ({"convs": {}}, "layers: the network lacks 'conv1'"),
        ({"score_scale": 0.0}, "score_scale is 0.0"),
        ({"class_names": ("cat",)}, "use 4 class names or none"),
        ({"notes": {"a": [1]}}, "note 'a' is"),
        ({"notes": {"a": float("nan")}}, "note 'a' is nan"),
    ],
)
def test_bad_networks_are_refused(network, change, message):
    with pytest.raises(FirelineError, match=message):
        dataclasses.replace(network, **change)


def test_a_layer_of_another_shape_is_refused(network):
    convs = {**network.convs, "conv1": network.convs["fire2/squeeze"]}
    with pytest.raises(FirelineError, match="layer conv1: codes have shape"):
        dataclasses.replace(network, convs=convs)


def test_scores_beyond_32_bits_are_refused():
    wide = Architecture("wide", 1, 257, 257, preprocessing(1), (Conv1(1, 1, 1, 0),), 1)
    with pytest.raises(FirelineError, match="do not fit 32 bits"):
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
