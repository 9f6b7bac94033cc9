"""The words of the weight ROM and the parameter ROM, in the order in which the array walks them."""

import numpy as np

from ...hw.array.weight_word import WeightWord
from ...hw.output.parameters import ParameterWord
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
    """The weight words of a convolution, ordered by output group, pass, tap and input word.

    `inputs` [words, ci] are the channels of each input word, `outputs` [channels] those that leave
    the array in turn; -1 marks an empty place, which gets zeros. A 4-bit convolution takes one
    pass, an 8-bit one two: high nibbles, then low nibbles.
    """
    co = array.co
    lanes = np.append(outputs, np.full(-len(outputs) % co, -1))
    codes = _codes_by_tap(conv)[lanes][:, :, inputs].astype(np.int64)  # [lane, tap, word, ci]
    codes[lanes < 0] = 0
    codes[..., inputs < 0] = 0
    exponent_groups = exponent_group_index(conv.segments)[inputs[:, 0]]  # one per word
    exponents = conv.exponents[lanes][:, :, exponent_groups].astype(np.int64)  # [lane, tap, word]
    exponents[lanes < 0] = 0
    passes = [codes >> 4, codes] if conv.bits == 8 else [codes]

    def by_word(values: list[np.ndarray]) -> np.ndarray:
        """Arrays [lane, tap, word, ...], one a pass, as [rows, co * ...].

        A row is one output group, pass, tap and word, in this order.
        """
        stacked = np.stack(values, axis=1)
        grouped = stacked.reshape(-1, co, *stacked.shape[1:])  # [output group, co, pass, ...]
        ordered = np.moveaxis(grouped, 1, 4)
        return ordered.reshape(np.prod(ordered.shape[:4]), -1)

    nibbles = by_word([each & 15 for each in passes]).astype(np.uint8)
    layout = WeightWord(array.ci, co, exponent_bits)
    return [
        layout.pack(word.tobytes(), word_exponents)
        for word, word_exponents in zip(
            nibbles, by_word([exponents] * len(passes)).tolist(), strict=True
        )
    ]


def parameter_words(
    conv: QuantizedConv, outputs: np.ndarray, lanes: int, bias_bits: int, multiplier_bits: int
) -> list[int]:
    """The parameter words of a convolution, one for every `lanes` of the `outputs` [channels].

    -1 marks an empty place, which gets zeros.
    """
    layout = ParameterWord(lanes, bias_bits, multiplier_bits)
    channels = [
        (int(conv.bias[channel]), int(conv.multiplier[channel])) if channel >= 0 else (0, 0)
        for channel in outputs
    ]
    return [layout.pack(channels[n : n + lanes]) for n in range(0, len(channels), lanes)]


def _codes_by_tap(conv: QuantizedConv) -> np.ndarray:
    """The codes as [output, tap, channel]; conv1's window is the channels of a single tap."""
    codes = conv.codes.transpose(0, 2, 3, 1)
    return codes.reshape(len(codes), 1 if conv.is_conv1 else -1, sum(conv.segments))
