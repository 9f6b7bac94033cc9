import dataclasses

import numpy as np
import pytest
import torch
from fireline.errors import FirelineError
from fireline.host import golden
from fireline.host.network.architecture import Architecture
from fireline.host.network.quantized import Skip, bypassed_fires
from fireline.host.network.random_network import random_network
from fireline.host.network.stage import MAX_POOLS, Bypass, Conv1, Fire, MaxPool
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks.strategies import architectures, preprocessing
from torch.nn import functional


def draw_pixels(architecture: Architecture, seed: int, count: int = 2) -> np.ndarray:
    shape = (count, architecture.height, architecture.width, architecture.channels)
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def single(conv1: Conv1, channels: int = 3, height: int = 9, width: int = 12) -> Architecture:
    return Architecture("single", channels, height, width, preprocessing(channels), (conv1,), 2)


def exact_sums(x: np.ndarray, conv, stride: int, padding: int, pad_value) -> np.ndarray:
    """Sums of products and bias by torch in int64: [N, H', W', Cout]."""
    maps = torch.from_numpy(x.astype(np.int64)).permute(0, 3, 1, 2)
    value = torch.tensor(pad_value).view(-1, 1, 1)
    maps = functional.pad(maps - value, [padding] * 4) + value  # so the border is pad_value
    weights = torch.from_numpy(conv.effective_weights().astype(np.int64))
    sums = functional.conv2d(maps, weights, torch.from_numpy(conv.bias.astype(np.int64)), stride)
    return sums.permute(0, 2, 3, 1).numpy()


def exact_output(sums: np.ndarray, conv) -> np.ndarray:
    """The requantization as the contract states it, in Python's unbounded integers."""
    channels = np.broadcast_to(conv.multiplier, sums.shape).ravel().tolist()
    half = 1 << (conv.shift - 1)
    return np.array(
        [
            min((max(value, 0) * multiplier + half) >> conv.shift, conv.maximum)
            for value, multiplier in zip(sums.ravel().tolist(), channels, strict=True)
        ]
    ).reshape(sums.shape)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize(("kernel", "padding"), [(1, 0), (3, 0), (3, 1), (5, 2), (7, 3), (7, 6)])
def test_convolve_equals_torch(kernel, padding, stride, bits):
    architecture = single(Conv1(19, kernel, stride, padding))
    network = random_network(architecture, kernel * 10 + stride, bits, exponent_max=3)
    conv, pixels = network.convs["conv1"], draw_pixels(architecture, 3)
    output = golden.convolve(pixels, conv, stride, padding, network.pad_value)
    sums = exact_sums(pixels, conv, stride, padding, network.pad_value)
    assert output.dtype == np.uint8
    assert np.array_equal(output, exact_output(sums, conv))


def test_convolve_is_the_same_in_blocks(monkeypatch):
    architecture = single(Conv1(8, 3, 1, 1), height=13)
    network, pixels = random_network(architecture, 1), draw_pixels(architecture, 1, 5)
    whole = golden.run(network, pixels)
    for block in (1, 1000, 9000):  # single rows, several rows, several pictures
        monkeypatch.setattr(golden, "BLOCK", block)
        assert np.array_equal(golden.run(network, pixels), whole)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 31), st.sampled_from([255, 65535]), st.booleans())
def test_requantize_is_exact_at_the_edges(seed, shift, maximum, large):
    random = np.random.default_rng(seed)
    base = random_network(single(Conv1(12, 3, 1, 0)), 0, 8).convs["conv1"]
    bias = random.integers(-(1 << 31), 1 << 31, 12) if large else random.integers(-999, 999, 12)
    conv = dataclasses.replace(
        base,
        bias=bias.astype(np.int32),
        multiplier=random.integers(0, 4096, 12).astype(np.uint16),
        shift=shift,
        maximum=maximum,
    )
    weights = conv.effective_weights().astype(np.int64).reshape(12, -1)
    low = 255 * np.minimum(weights, 0).sum(1) + bias  # the extreme sums
    high = 255 * np.maximum(weights, 0).sum(1) + bias
    sums = random.integers(low, high + 1, (200, 12))
    # both sides of every step of the output, as far as these sums can occur
    steps = random.integers(0, maximum + 1, (200, 12))
    edges = ((steps << shift) - (1 << (shift - 1))) // np.maximum(conv.multiplier, 1)
    sums = np.concatenate([sums, *(np.clip(edges + i, low, high) for i in (-1, 0, 1))])
    exact = golden.accumulate(np.zeros((1, 3, 9), np.uint8), conv).dtype
    output = golden.requantize(sums.astype(exact), conv)
    assert np.array_equal(output, exact_output(sums, conv))


def test_sums_beyond_float32_are_exact():
    """Sums beyond 24 bits, which float32 rounds."""
    architecture = single(Conv1(2, 7, 1, 0), height=8, width=8)
    conv = random_network(architecture, 0, 8).convs["conv1"]
    codes = np.full((2, 3, 7, 7), 127, np.int8)
    bias = np.array([1 << 30, -(1 << 22)], np.int32)
    conv = dataclasses.replace(conv, codes=codes, bias=bias, multiplier=conv.multiplier | 1)
    pixels = draw_pixels(architecture, 9) | 1
    sums = exact_sums(pixels, conv, 1, 0, (0, 0, 0))
    windows = golden._windows(pixels, 7, 1)
    assert np.array_equal(golden.accumulate(windows, conv), sums)


@pytest.mark.parametrize("least", [(1 << 24) - 255 * 3, 1 << 24, (1 << 25) - 255 * 3 - 1])
def test_sums_at_the_border_of_float32_are_exact(least):
    """float32 holds the odd numbers below 2**24 alone."""
    architecture = single(Conv1(2, 1, 1, 0))
    conv = random_network(architecture, 0, 8).convs["conv1"]
    codes, bias = np.ones((2, 3, 1, 1), np.int8), np.array([least, -least], np.int32)
    conv = dataclasses.replace(conv, codes=codes, bias=bias)
    pixels = draw_pixels(architecture, 9)
    sums = exact_sums(pixels, conv, 1, 0, (0, 0, 0))
    assert sums[..., 0].min() % 2 or sums[..., 0].max() % 2
    assert np.array_equal(golden.accumulate(golden._windows(pixels, 1, 1), conv), sums)


@pytest.mark.parametrize("product", [1 << 31, (1 << 31) + 5000, 1 << 32, (1 << 32) + 5000])
def test_products_at_the_border_of_int32_are_exact(product):
    """The greatest product with the multiplier is just below a bound, or just above.

    The shift is greater than 24, because else the 8 bits of the output survive an overflow.
    """
    multiplier, shift = 4095, 26
    greatest = (product - (1 << (shift - 1))) // multiplier
    base = random_network(single(Conv1(1, 1, 1, 0)), 0, 8).convs["conv1"]
    conv = dataclasses.replace(
        base,
        codes=np.ones((1, 3, 1, 1), np.int8),
        bias=np.array([greatest - 255 * 3], np.int32),
        multiplier=np.array([multiplier], np.uint16),
        shift=shift,
    )
    sums = np.linspace(0, greatest, 1000).astype(np.int64).reshape(-1, 1)
    exact = golden.accumulate(np.zeros((1, 1, 3), np.uint8), conv).dtype
    assert np.array_equal(golden.requantize(sums.astype(exact), conv), exact_output(sums, conv))


@pytest.mark.parametrize("pool", MAX_POOLS, ids=str)
@pytest.mark.parametrize("height", range(3, 10))
@pytest.mark.parametrize("width", [3, 4, 8, 9])
def test_max_pool_equals_torch(pool, height, width):
    x = np.random.default_rng(height).integers(0, 256, (2, height, width, 5)).astype(np.uint8)
    maps = torch.from_numpy(x).permute(0, 3, 1, 2).float()
    expected = functional.max_pool2d(maps, pool.kernel, 2, pool.padding, ceil_mode=pool.ceil)
    assert np.array_equal(golden.max_pool(x, pool), expected.permute(0, 2, 3, 1).numpy())


@given(st.integers(0, 255), st.integers(1, 15))
def test_add_skip(multiplier, shift):
    x, skip_map = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    output = golden.add_skip(x, skip_map, Skip(multiplier, shift))
    added = (skip_map.astype(int) * multiplier + (1 << (shift - 1))) >> shift
    assert np.array_equal(output, np.minimum(x + added, 255))


def test_global_sum_holds_32_bits():
    x = np.full((1, 256, 256, 1), 65535, np.uint16)
    assert golden.global_sum(x).tolist() == [[65535 * 65536]]


def test_classify_takes_the_first_of_the_greatest():
    assert golden.classify(np.array([[1, 7, 7], [0, 0, 0]])).tolist() == [1, 0]


@settings(max_examples=25, deadline=None)
@given(architectures(), st.integers(0, 2**32), st.sampled_from([4, 8]))
def test_trace_follows_the_architecture(architecture, seed, bits):
    """The test computes every map from the map before it."""
    network = random_network(architecture, seed, bits)
    pixels = draw_pixels(architecture, seed)
    maps = golden.trace(network, pixels)

    def convolution(layer, x):
        conv = network.convs[layer.name]
        pad_value = network.pad_value if layer.name == "conv1" else (0,)
        return exact_output(exact_sums(x, conv, layer.stride, layer.padding, pad_value), conv)

    names, x, bypassed = [], pixels, bypassed_fires(architecture)
    for layers in architecture.layers_by_stage():
        own = {kind.value: layer for kind, layer in layers.items()}
        name = next(iter(own.values())).stage_name
        if "squeeze" in own:
            squeezed = convolution(own["squeeze"], x)
            expanded = [convolution(own[f"expand{k}x{k}"], squeezed) for k in (1, 3)]
            assert np.array_equal(maps[f"{name}/squeeze"], squeezed)
            names.append(f"{name}/squeeze")
            if "bypass" in own:
                x = convolution(own["bypass"], x)
                assert np.array_equal(maps[f"{name}/bypass"], x)
                names.append(f"{name}/bypass")
            output = np.concatenate(expanded, 3)
            x = golden.add_skip(output, x, network.skips[name]) if name in bypassed else output
        else:
            layer = next(iter(own.values()))
            stage = architecture.stages[layer.stage] if "pool" in own else None
            x = golden.max_pool(x, stage) if stage else convolution(layer, x)
        assert np.array_equal(maps[name], x), name
        names.append(name)
    assert list(maps) == names
    assert np.array_equal(golden.run(network, pixels), golden.global_sum(x))


def test_pixels_of_another_shape_are_refused():
    network = random_network(single(Conv1(2, 3, 1, 0)), 0)
    with pytest.raises(FirelineError, match=r"use uint8 \(N, 9, 12, 3\)"):
        golden.run(network, np.zeros((1, 9, 12, 1), np.uint8))
    with pytest.raises(FirelineError, match="pixels are float64"):
        golden.run(network, np.zeros((1, 9, 12, 3)))


def test_a_bypass_changes_the_output():
    stages = (Conv1(8, 3, 1, 1), MaxPool(), Fire(4, 4, 4, Bypass.SIMPLE))
    architecture = Architecture("bypass", 1, 8, 8, preprocessing(1), stages, 3)
    network, pixels = random_network(architecture, 2), draw_pixels(architecture, 2)
    without = dataclasses.replace(network, skips={"fire2": Skip(0, 1)})
    a, b = golden.trace(network, pixels)["fire2"], golden.trace(without, pixels)["fire2"]
    assert np.all(a >= b) and np.any(a > b)
