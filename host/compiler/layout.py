"""Where channels lie in words, and the images of the weight ROM and the parameter ROM."""

from collections.abc import Sequence

import numpy as np

from ...hw.array import head_loader
from ...hw.program import ArrayShape
from ..network.exponent_groups import exponent_group_index
from ..network.quantized import QuantizedConv


def weight_words(
    conv: QuantizedConv,
    inputs: np.ndarray,
    outputs: np.ndarray,
    array: ArrayShape,
    exponent_bits: int,
) -> list[int]:
    """The weight words of a convolution in the order (group, pass, tap, word).

    `inputs` [words, ci] are the channels as they come in, `outputs` those that leave the array, one
    after the other; -1 stands for none.

    A word holds, from its least significant bit on, CO lanes of CI nibbles, then CO exponents. A
    4-bit layer has one pass, an 8-bit layer two: high nibbles, then low nibbles.
    """
    ci, co = array.ci, array.co
    codes, groups = _by_tap(conv), exponent_group_index(conv.segments)
    lanes = np.full(-(-len(outputs) // co) * co, -1)
    lanes[: len(outputs)] = outputs
    physical = codes[lanes][:, :, inputs].astype(np.int64)  # [output, tap, word, ci]
    physical[lanes < 0] = 0
    physical[..., inputs < 0] = 0
    exponents = conv.exponents[lanes][:, :, groups[inputs[:, 0]]].astype(np.int64)
    exponents[lanes < 0] = 0

    halves = [physical >> 4, physical] if conv.bits == 8 else [physical]
    nibbles = np.stack(halves, axis=1) & 15  # [output, pass, tap, word, ci]
    nibbles = nibbles.reshape(-1, co, *nibbles.shape[1:]).transpose(0, 2, 3, 4, 1, 5)
    exponents = np.stack([exponents] * len(halves), axis=1)
    exponents = exponents.reshape(-1, co, *exponents.shape[1:]).transpose(0, 2, 3, 4, 1)
    low = _pack(nibbles.reshape(-1, co * ci), 4)
    high = _pack(exponents.reshape(-1, co), exponent_bits) if exponent_bits else [0] * len(low)
    return [word | exponent << (4 * ci * co) for word, exponent in zip(low, high, strict=True)]


def streamed_contents(
    words: Sequence[int], groups: int, stream_words: int, array: ArrayShape, exponent_bits: int
) -> bytes:
    """Weight words as `hw/array/head_loader.py` takes them, each group filled up to
    `stream_words`."""
    nibble_bits = 4 * array.products
    exponent_bytes = 2 * head_loader.exponent_words(array, exponent_bits)
    size = len(words) // groups
    pieces = [
        (word >> nibble_bits).to_bytes(exponent_bytes, "little")
        + (word & ((1 << nibble_bits) - 1)).to_bytes(nibble_bits // 8, "little")
        for word in words
    ]
    return b"".join(
        b"".join(pieces[first : first + size]).ljust(2 * stream_words, b"\0")
        for first in range(0, len(words), size)
    )


def parameter_words(
    conv: QuantizedConv, outputs: np.ndarray, lanes: int, bias_bits: int, multiplier_bits: int
) -> list[int]:
    """One word for every `lanes` of the `outputs`: (bias, multiplier) each, the first one lowest.

    An empty channel (-1) has zeros.
    """
    size = bias_bits + multiplier_bits
    words = [0] * -(-len(outputs) // lanes)
    for n, channel in enumerate(outputs):
        if channel >= 0:
            bias = int(conv.bias[channel]) & ((1 << bias_bits) - 1)
            both = bias | int(conv.multiplier[channel]) << bias_bits
            words[n // lanes] |= both << (n % lanes * size)
    return words


def accumulator_range(conv: QuantizedConv) -> tuple[int, int]:
    """The least and the greatest value that the accumulator can hold, at any moment.

    Activations are 0..255, so every partial sum lies between the sum of the negative terms and the
    sum of the positive ones; with 8 bits, of the terms as the two passes split them.
    """
    weights = conv.effective_weights().astype(np.int64).reshape(len(conv.bias), -1)
    terms = [weights & ~15, weights & 15] if conv.bits == 8 else [weights]
    low = sum(np.minimum(term, 0).sum(1) for term in terms)
    high = sum(np.maximum(term, 0).sum(1) for term in terms)
    return 255 * int(low.min()), 255 * int(high.max())


def _by_tap(conv: QuantizedConv) -> np.ndarray:
    """The codes as [output, tap, channel]; conv1's whole window is the channels of one tap."""
    codes = conv.codes.transpose(0, 2, 3, 1)
    return codes.reshape(len(codes), 1 if conv.is_conv1 else -1, sum(conv.segments))


def _pack(values: np.ndarray, bits: int) -> list[int]:
    """Each row's values as one integer, `bits` each, the first one lowest."""
    planes = values[:, :, None] >> np.arange(bits) & 1
    packed = np.packbits(planes.reshape(len(values), -1).astype(np.uint8), 1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]
