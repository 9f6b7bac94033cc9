"""Network files: written and read back; every damage is refused in one line."""

import dataclasses
import os

import numpy as np
import pytest
from fireline.errors import FirelineError
from fireline.host.network.file import read_network, write_network
from fireline.host.network.quantized import QuantizedConv, QuantizedNetwork
from fireline.host.network.random_network import random_network
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks.network_files import parts, signed
from support.networks.strategies import architectures


@pytest.fixture(scope="module")
def data(network, tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("network") / "small.net"
    write_network(network, path)
    return path.read_bytes()


def same(a: QuantizedNetwork, b: QuantizedNetwork) -> bool:
    """Whether all fields are equal."""
    plain = (
        "architecture",
        "pad_value",
        "skips",
        "score_scale",
        "score_offset",
        "class_names",
        "notes",
    )
    return (
        all(getattr(a, name) == getattr(b, name) for name in plain)
        and a.convs.keys() == b.convs.keys()
        and all(
            np.array_equal(getattr(a.convs[layer], field.name), getattr(b.convs[layer], field.name))
            for layer in a.convs
            for field in dataclasses.fields(QuantizedConv)
        )
    )


def test_round_trip(network, data, tmp_path):
    path = tmp_path / "again.net"
    path.write_bytes(data)
    loaded = read_network(path)
    assert same(loaded, network)
    write_network(loaded, path)
    assert path.read_bytes() == data
    assert os.listdir(tmp_path) == ["again.net"]


@settings(max_examples=10, deadline=None)
@given(architectures(), st.integers(0, 2**32))
def test_round_trip_of_any_shape(tmp_path_factory, architecture, seed):
    path = tmp_path_factory.mktemp("any") / "any.net"
    network = random_network(architecture, seed)
    write_network(network, path)
    assert same(read_network(path), network)


def test_without_last_relu(network, data, tmp_path):
    """The offset stands in the file; a file of a network with the ReLU has no such key."""
    architecture = dataclasses.replace(network.architecture, last_relu=False)
    without = dataclasses.replace(network, architecture=architecture, score_offset=-2.5)
    write_network(without, tmp_path / "without.net")
    assert same(read_network(tmp_path / "without.net"), without)
    assert b"score_offset" not in data and b"last_relu" not in data


def refusal(path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(FirelineError) as error:
        read_network(path)
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
        write_network(read_network(path), path)
    except FirelineError as error:
        assert "\n" not in str(error)


def test_signed_tensors_are_checked(tmp_path, data):
    header, tensors = parts(data)
    path = tmp_path / "signed.net"
    assert "unexpected 'more'" in refusal(path, signed(header, {**tensors, "more": np.ones(1)}))
    lacking = {name: value for name, value in tensors.items() if name != "conv1.bias"}
    assert "conv1.bias" in refusal(path, signed(header, lacking))
    wrong = {**tensors, "conv1.bias": tensors["conv1.bias"].astype(np.int64)}
    assert "bias is not an array of int32" in refusal(path, signed(header, wrong))


def test_another_version_is_refused(data, tmp_path):
    other = data.replace(b'\\"version\\":1', b'\\"version\\":2')
    assert "version 2, but this program reads 1; quantize" in refusal(tmp_path / "other", other)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(FirelineError, match="no such file; check the path"):
        read_network(tmp_path / "none.net")


def test_a_missing_folder_is_refused(network, tmp_path):
    with pytest.raises(FirelineError, match=r"^network file .*No such file or directory"):
        write_network(network, tmp_path / "none" / "small.net")
