"""Where channels lie in words, and the images of the weight ROM and the parameter ROM."""

import numpy as np

from ...hw.array.mac_lanes import WeightWord
from ...hw.output.requantize import ParameterWord
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

    A 4-bit layer has one pass, an 8-bit layer two: high nibbles, then low nibbles.
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
    layout = WeightWord(ci, co, exponent_bits)
    return [
        layout.pack(low.tobytes(), high)
        for low, high in zip(
            nibbles.reshape(-1, co * ci).astype(np.uint8),
            exponents.reshape(-1, co).tolist(),
            strict=True,
        )
    ]


def parameter_words(
    conv: QuantizedConv, outputs: np.ndarray, lanes: int, bias_bits: int, multiplier_bits: int
) -> list[int]:
    """The parameter words of a convolution, one for every `lanes` of the `outputs`.

    An empty channel (-1) has zeros.
    """
    layout = ParameterWord(lanes, bias_bits, multiplier_bits)
    channels = [
        (int(conv.bias[channel]), int(conv.multiplier[channel])) if channel >= 0 else (0, 0)
        for channel in outputs
    ]
    return [layout.pack(channels[n : n + lanes]) for n in range(0, len(channels), lanes)]


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
