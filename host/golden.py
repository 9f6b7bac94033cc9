"""The golden model: every operator of the contract in integers, bit for bit as the hardware.

Maps are [N, H, W, C], uint8 (uint16 after the classifier). `docs/architecture.md` states the
contract. Sums of products run as floating-point matrix products, in a type that holds them exactly.
"""

import functools
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..errors import FirelineError
from .network.architecture import EXPANDS, Layer, LayerKind
from .network.quantized import QuantizedConv, QuantizedNetwork, Skip
from .network.stage import Bypass, Fire, MaxPool

BLOCK = 1 << 17
"""Window values that one matrix product takes, so that they stay in the processor's cache."""


def run(network: QuantizedNetwork, pixels: np.ndarray) -> np.ndarray:
    """The scores of pixels uint8 [N, H, W, C]: int64 [N, classes], 0..2**32-1.

    Raises FirelineError when the pixels do not have the network's input shape.
    """
    _, output = deque(_maps(network, pixels), maxlen=1).pop()
    return global_sum(output)


def trace(network: QuantizedNetwork, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Every map of pixels uint8 [N, H, W, C] by name: [N, H, W, C].

    A map has its layer's name; the exception is a Fire's output, "fire2": the channels of
    expand1x1, then those of expand3x3, with the bypass added. All are uint8, except the
    classifier's, which is uint16. Raises FirelineError as `run` does.
    """
    return dict(_maps(network, pixels))


def classify(scores: np.ndarray) -> np.ndarray:
    """The first index of the greatest score: [N, classes] to [N]."""
    return scores.argmax(1)


def convolve(
    x: np.ndarray, conv: QuantizedConv, stride: int, padding: int, pad_value: tuple[int, ...]
) -> np.ndarray:
    """Convolution with bias, ReLU and requantization: uint8 [N, H, W, Cin] to [N, H', W', Cout].

    `padding` pixels of `pad_value`, one value a channel, surround the map.
    """
    windows = _windows(_pad(x, padding, pad_value), conv.codes.shape[2], stride)
    outputs = np.empty((*windows.shape[:3], len(conv.bias)), _map_type(conv))
    for block in _blocks(windows.shape):
        outputs[block] = requantize(accumulate(windows[block], conv), conv)
    return outputs


def accumulate(windows: np.ndarray, conv: QuantizedConv) -> np.ndarray:
    """``sum(effective weight * activation) + bias``: uint8 [..., k, k * Cin] to [..., Cout].

    The result holds exact integers in floating point.
    """
    exact = _exact(conv)
    rows = windows.astype(exact.weights.dtype).reshape(-1, len(exact.weights))
    sums = rows @ exact.weights
    sums += exact.bias
    return sums.reshape(*windows.shape[:-2], -1)


def requantize(sums: np.ndarray, conv: QuantizedConv) -> np.ndarray:
    """``min((max(sums, 0) * multiplier + (1 << (shift - 1))) >> shift, maximum)``.

    `sums` [..., Cout] are integers in floating point; they are overwritten.
    """
    exact = _exact(conv)
    np.maximum(sums, 0, out=sums)
    np.minimum(sums, exact.limit, out=sums)  # changes no result; see `_exact`
    y = sums.astype(exact.multiplier.dtype)
    y *= exact.multiplier
    y += 1 << (conv.shift - 1)
    y >>= conv.shift
    np.minimum(y, conv.maximum, out=y)
    return y.astype(_map_type(conv))


def max_pool(x: np.ndarray, pool: MaxPool) -> np.ndarray:
    """Max pooling with stride 2: [N, H, W, C] to [N, H', W', C].

    H' and W' are the numbers of windows along each axis, see `MaxPool.windows`.
    """
    for axis in (1, 2):
        lines = x.swapaxes(0, axis)
        count = len(pool.windows(len(lines)))
        pooled = np.zeros((count, *lines.shape[1:]), x.dtype)
        for tap in range(-pool.padding, pool.kernel - pool.padding):
            first = int(tap < 0)  # this pixel of the first window is padding
            values = lines[tap + 2 * first :: 2][: count - first]
            maxima = pooled[first : first + len(values)]
            np.maximum(maxima, values, out=maxima)
        x = pooled.swapaxes(0, axis)
    return x


def add_skip(x: np.ndarray, skip_map: np.ndarray, skip: Skip) -> np.ndarray:
    """``min(x + ((skip_map * multiplier + (1 << (shift - 1))) >> shift), 255)``, uint8.

    The contract adds to the unclamped x; the result is the same, because the skip is not negative.
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
    """The maps with their names, in execution order."""
    architecture = network.architecture
    shape = (architecture.height, architecture.width, architecture.channels)
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[1:] != shape:
        raise FirelineError(
            f"network {architecture.name}: pixels are {pixels.dtype} {pixels.shape}; "
            f"use uint8 (N, {', '.join(map(str, shape))})"
        )
    x = pixels
    maps: Iterable[tuple[str, np.ndarray]]
    for stage, layers in zip(architecture.stages, architecture.layers_by_stage(), strict=False):
        match stage:
            case MaxPool():
                maps = [(layers[LayerKind.POOL].name, max_pool(x, stage))]
            case Fire():
                maps = _fire_maps(network, stage, layers, x)
            case _:
                conv1 = layers[LayerKind.CONV1]
                maps = [(conv1.name, _layer_map(network, conv1, x))]
        for name, x in maps:  # the last one is the next stage's input
            yield name, x
    classifier = architecture.classifier
    yield classifier.name, _layer_map(network, classifier, x)


def _fire_maps(
    network: QuantizedNetwork, fire: Fire, layers: dict[LayerKind, Layer], x: np.ndarray
) -> Iterator[tuple[str, np.ndarray]]:
    """The maps of a Fire with input x."""
    squeeze = layers[LayerKind.SQUEEZE]
    squeezed = _layer_map(network, squeeze, x)
    yield squeeze.name, squeezed
    expands = [_layer_map(network, layers[kind], squeezed) for kind in EXPANDS]
    output = np.concatenate(expands, axis=3)
    if fire.bypass is Bypass.COMPLEX:
        bypass = layers[LayerKind.BYPASS]
        x = _layer_map(network, bypass, x)
        yield bypass.name, x
    if fire.bypass is not Bypass.NONE:
        output = add_skip(output, x, network.skips[squeeze.stage_name])
    yield squeeze.stage_name, output


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
    """A view [N, H', W', k, k * C] of [N, H, W, C]: k kernel rows in (column, channel) order."""
    count, height, width, channels = x.shape
    lines = x.reshape(count, height, width * channels)
    views = sliding_window_view(lines, (kernel, kernel * channels), axis=(1, 2))
    return views[:, ::stride, :: stride * channels]


def _blocks(shape: tuple[int, ...]) -> Iterator[tuple[slice, slice]]:
    """Slices of pictures and of rows that hold about BLOCK window values each."""
    count, height, width, kernel, kernel_row = shape
    row_values = width * kernel * kernel_row
    pictures = max(BLOCK // (height * row_values), 1)
    rows = max(BLOCK // row_values, 1) if pictures == 1 else height
    for picture in range(0, count, pictures):
        for row in range(0, height, rows):
            yield slice(picture, picture + pictures), slice(row, row + rows)


def _map_type(conv: QuantizedConv) -> type:
    return np.uint8 if conv.maximum == 255 else np.uint16


class _Exact(NamedTuple):
    """A convolution's integers in types that compute exactly; see `_exact`."""

    weights: np.ndarray  # effective weights, float [k * k * Cin, Cout]
    bias: np.ndarray  # float [Cout]
    limit: np.ndarray  # float [Cout]: the sum from which on the output is the maximum
    multiplier: np.ndarray  # integer [Cout]


@functools.lru_cache(maxsize=256)
def _exact(conv: QuantizedConv) -> _Exact:
    """The types: no partial sum exceeds ``255 * sum(|weight|) + |bias|`` in magnitude.

    Below 2**24, float32 holds every partial sum, below 2**53 float64 does. A sum at or above its
    limit gives the maximum, so cutting the sum at the limit changes no output and keeps the product
    with the multiplier in 32 or 64 bits.
    """
    weights = conv.effective_weights().transpose(2, 3, 1, 0).reshape(-1, len(conv.bias))
    weights, bias = weights.astype(np.int64), conv.bias.astype(np.int64)
    bound = 255 * np.abs(weights).sum(0) + np.abs(bias)
    assert bound.max() < 1 << 53
    floating = np.float32 if bound.max() < 1 << 24 else np.float64
    multiplier = conv.multiplier.astype(np.int64)
    half = 1 << (conv.shift - 1)
    at_maximum = ((conv.maximum << conv.shift) - half) // np.maximum(multiplier, 1) + 1
    limit = np.minimum(at_maximum, bound)
    product = (limit * multiplier + half).max()
    assert product < 1 << 63
    integer = np.int32 if product < 1 << 31 else np.int64
    return _Exact(
        weights.astype(floating),
        bias.astype(floating),
        limit.astype(floating),
        multiplier.astype(integer),
    )
