"""The reference: what the hardware computes, in integers, one short function an operator.

Maps are [N, H, W, C], uint8 (uint16 behind the classifier). Sums of products run through floating
point matrix multiplication where the weights prove that it is exact.
"""

import functools
from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..errors import FirelineError
from .network.architecture import Layer, LayerKind
from .network.quantized import QuantizedConv, QuantizedNetwork, Skip
from .network.stage import Bypass, Fire, MaxPool

BLOCK = 1 << 17  # window values that are multiplied at a time, so that they stay in the cache


def run(network: QuantizedNetwork, pixels: np.ndarray) -> np.ndarray:
    """The scores of pixels uint8 [N, H, W, C]: int64 [N, classes], 0..2**32-1.

    Raises FirelineError when the pixels are not of the network's input shape.
    """
    _, output = deque(_maps(network, pixels), maxlen=1).pop()
    return global_sum(output)


def trace(network: QuantizedNetwork, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Every map of pixels uint8 [N, H, W, C] by name, [N, H, W, C].

    The names are those of the layers, but "fire2" is a Fire's whole output (expand 1x1, then
    expand 3x3, bypass added). uint8; the classifier's is uint16.
    """
    return dict(_maps(network, pixels))


def classify(scores: np.ndarray) -> np.ndarray:
    """The first index of the greatest score: [N, classes] to [N]."""
    return scores.argmax(1)


def convolve(
    x: np.ndarray, conv: QuantizedConv, stride: int, padding: int, pad_value: tuple[int, ...]
) -> np.ndarray:
    """Convolution and requantization of uint8 [N, H, W, Cin]: [N, H', W', Cout].

    ``pad_value`` surrounds the map, one value a channel.
    """
    kernel = conv.codes.shape[2]
    windows = _windows(_pad(x, padding, pad_value), kernel, stride)
    outputs = np.empty((*windows.shape[:3], len(conv.bias)), _map_type(conv))
    for block in _blocks(windows.shape):
        outputs[block] = requantize(accumulate(windows[block], conv), conv)
    return outputs


def accumulate(windows: np.ndarray, conv: QuantizedConv) -> np.ndarray:
    """Sums of products and bias, exact integers in floating point.

    uint8 [..., k, k * Cin] to [..., Cout].
    """
    weights, bias = _arithmetic(conv)[:2]
    columns = windows.astype(weights.dtype).reshape(-1, len(weights))
    sums = columns @ weights
    sums += bias
    return sums.reshape(*windows.shape[:-2], -1)


def requantize(sums: np.ndarray, conv: QuantizedConv) -> np.ndarray:
    """``min((max(sums, 0) * multiplier + (1 << (shift - 1))) >> shift, maximum)``.

    From [..., Cout] of integers in floating point, which are overwritten.
    """
    _, _, limit, multiplier = _arithmetic(conv)
    np.maximum(sums, 0, out=sums)
    np.minimum(sums, limit, out=sums)
    y = sums.astype(multiplier.dtype)
    y *= multiplier
    y += 1 << (conv.shift - 1)
    y >>= conv.shift
    np.minimum(y, conv.maximum, out=y)
    return y.astype(_map_type(conv))


def max_pool(x: np.ndarray) -> np.ndarray:
    """Max pooling 3x3, stride 2, ceil mode: [N, H, W, C] to [N, H // 2, W // 2, C]."""
    for axis in (1, 2):
        lines = x.swapaxes(0, axis)
        end = len(lines) // 2 * 2
        pooled = np.maximum(lines[0:end:2], lines[1:end:2])
        third = lines[2::2]
        np.maximum(pooled[: len(third)], third, out=pooled[: len(third)])
        x = pooled.swapaxes(0, axis)
    return x


def add_skip(x: np.ndarray, skip_map: np.ndarray, skip: Skip) -> np.ndarray:
    """``min(x + ((skip_map * multiplier + (1 << (shift - 1))) >> shift), 255)``, uint8.

    That x is clamped already changes nothing, for what is added is not negative.
    """
    y = skip_map.astype(np.int32)
    y *= skip.multiplier
    y += 1 << (skip.shift - 1)
    y >>= skip.shift
    y += x
    return np.minimum(y, 255).astype(np.uint8)


def global_sum(x: np.ndarray) -> np.ndarray:
    """Sum over all pixels: uint16 [N, H, W, C] to int64 [N, C]."""
    return x.sum((1, 2), dtype=np.int64)


def _maps(network: QuantizedNetwork, pixels: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The maps in execution order."""
    architecture = network.architecture
    shape = (architecture.height, architecture.width, architecture.channels)
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[1:] != shape:
        raise FirelineError(
            f"network {architecture.name}: pixels are {pixels.dtype} {pixels.shape}; "
            f"use uint8 (N, {', '.join(map(str, shape))})"
        )
    layers = architecture.layers()
    x = pixels
    for index, stage in enumerate(architecture.stages):
        own = {layer.kind: layer for layer in layers if layer.stage == index}
        match stage:
            case MaxPool():
                x = max_pool(x)
                yield own[LayerKind.POOL].name, x
            case Fire():
                for name, x in _fire_maps(network, stage, own, x):  # noqa: B020 the last is next
                    yield name, x
            case _:
                x = _layer_map(network, own[LayerKind.CONV1], x)
                yield "conv1", x
    yield layers[-2].name, _layer_map(network, layers[-2], x)


def _fire_maps(
    network: QuantizedNetwork, fire: Fire, layers: dict[LayerKind, Layer], x: np.ndarray
) -> Iterator[tuple[str, np.ndarray]]:
    name = layers[LayerKind.SQUEEZE].name.partition("/")[0]
    squeezed = _layer_map(network, layers[LayerKind.SQUEEZE], x)
    yield f"{name}/squeeze", squeezed
    output = np.concatenate(
        [
            _layer_map(network, layers[LayerKind.EXPAND1X1], squeezed),
            _layer_map(network, layers[LayerKind.EXPAND3X3], squeezed),
        ],
        axis=3,
    )
    if fire.bypass is Bypass.COMPLEX:
        x = _layer_map(network, layers[LayerKind.BYPASS], x)
        yield f"{name}/bypass", x
    if fire.bypass is not Bypass.NONE:
        output = add_skip(output, x, network.skips[name])
    yield name, output


def _layer_map(network: QuantizedNetwork, layer: Layer, x: np.ndarray) -> np.ndarray:
    pad_value = network.pad_value if layer.kind is LayerKind.CONV1 else (0,)
    return convolve(x, network.convs[layer.name], layer.stride, layer.padding, pad_value)


def _pad(x: np.ndarray, padding: int, value: tuple[int, ...]) -> np.ndarray:
    if padding == 0:
        return x
    count, height, width, channels = x.shape
    padded = np.empty((count, height + 2 * padding, width + 2 * padding, channels), x.dtype)
    padded[:] = value
    padded[:, padding:-padding, padding:-padding] = x
    return padded


def _windows(x: np.ndarray, kernel: int, stride: int) -> np.ndarray:
    """A view [N, H', W', k, k * C] of [N, H, W, C]: a window's rows in (column, channel) order."""
    count, height, width, channels = x.shape
    lines = x.reshape(count, height, width * channels)
    views = sliding_window_view(lines, (kernel, kernel * channels), axis=(1, 2))
    return views[:, ::stride, :: stride * channels]


def _blocks(shape: tuple[int, ...]) -> Iterator[tuple[slice, slice]]:
    """Slices of images and rows that hold about BLOCK window values each."""
    count, height, width, kernel, row = shape
    images = max(BLOCK // (height * width * kernel * row), 1)
    rows = max(BLOCK // (width * kernel * row), 1) if images == 1 else height
    for image in range(0, count, images):
        for first in range(0, height, rows):
            yield slice(image, image + images), slice(first, first + rows)


def _map_type(conv: QuantizedConv) -> type:
    return np.uint8 if conv.maximum == 255 else np.uint16


@functools.lru_cache(maxsize=256)
def _arithmetic(conv: QuantizedConv) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Weights [k * k * Cin, Cout], bias, limit and multiplier [Cout] in types that are exact.

    No partial sum exceeds 255 * sum(|weight|) + |bias|: below 2**24 float32 holds every one of
    them, below 2**53 float64. A sum at or above its limit is requantized to the maximum or more,
    so cutting it there changes nothing and keeps the product with the multiplier small.
    """
    weights = conv.effective_weights().transpose(2, 3, 1, 0).reshape(-1, len(conv.bias))
    weights, bias = weights.astype(np.int64), conv.bias.astype(np.int64)
    bound = 255 * np.abs(weights).sum(0) + np.abs(bias)
    assert bound.max() < 1 << 53
    exact = np.float32 if bound.max() < 1 << 24 else np.float64
    multiplier = conv.multiplier.astype(np.int64)
    half = 1 << (conv.shift - 1)
    reach = ((conv.maximum << conv.shift) - half) // np.maximum(multiplier, 1) + 1
    limit = np.minimum(reach, bound)
    product = (limit * multiplier + half).max()
    assert product < 1 << 63
    integer = np.int32 if product < 1 << 31 else np.int64
    return (
        weights.astype(exact),
        bias.astype(exact),
        limit.astype(exact),
        multiplier.astype(integer),
    )
