"""Random quantized networks of any shape, whose values exercise the arithmetic."""

import math
from collections.abc import Mapping

import numpy as np

from .architecture import Architecture, Layer, LayerKind
from .exponent_groups import exponent_group_count, input_segments
from .quantized import (
    CODES,
    MULTIPLIER_BITS,
    QuantizedConv,
    QuantizedNetwork,
    Skip,
    bypassed_fires,
    layer_maximum,
)
from .weight_bits import layer_bits

PIXELS = (127.5, 147.2)
"""Mean and root mean square of uniform pixels."""
ACTIVATIONS = (46.0, 73.0)
"""Mean and root mean square of activations, which are rectified normal variables."""

AS_QUANTIZED = (MULTIPLIER_BITS,)
"""``multiplier_bits`` of a network as quantization makes it."""


def stand_in(architecture: Architecture) -> QuantizedNetwork:
    """A network of random integers that costs the hardware what a trained one costs.

    Weights have 4 bits, those of conv1 8.
    """
    bits = layer_bits(architecture, 4)
    return random_network(architecture, 0, bits, multiplier_bits=AS_QUANTIZED)


def random_network(
    architecture: Architecture,
    seed: int,
    bits: Mapping[str, int] | int = 4,
    exponent_max: int = 1,
    multiplier_bits: tuple[int, ...] = (8, 12),
) -> QuantizedNetwork:
    """A network of random integers whose activations are spread over 0..255.

    ``bits`` is 4 or 8 for every convolution, conv1 included, or a table by layer name (4 for a
    layer that it lacks). The exponents of 4-bit layers are 0..exponent_max, at most 3. Each layer
    draws the bits of its multipliers from ``multiplier_bits``. Equal seeds make equal networks.
    """
    random = np.random.default_rng(seed)
    convs = {}
    for layer in architecture.layers():
        if layer.is_convolution:
            own_bits = bits if isinstance(bits, int) else bits.get(layer.name, 4)
            convs[layer.name] = _random_conv(
                random, architecture, layer, own_bits, exponent_max, multiplier_bits
            )
    skips = {
        name: Skip(int(random.integers(64, 256)), int(random.integers(8, 11)))
        for name in bypassed_fires(architecture)
    }
    pad_value = tuple(int(value) for value in random.integers(0, 256, architecture.channels))
    offset = 0.0 if architecture.last_relu else 0.25
    return QuantizedNetwork(architecture, pad_value, convs, skips, 2.0**-16, offset)


def _random_conv(
    random: np.random.Generator,
    architecture: Architecture,
    layer: Layer,
    bits: int,
    exponent_max: int,
    multiplier_bits: tuple[int, ...],
) -> QuantizedConv:
    outputs, inputs, kernel = layer.output_channels, layer.input_channels, layer.kernel
    segments = input_segments(architecture, layer)
    low, high = CODES[bits]
    taps = 1 if layer.kind is LayerKind.CONV1 else kernel**2
    groups = exponent_group_count(segments)
    codes = random.normal(0.0, high / 2, (outputs, inputs, kernel, kernel))
    conv = QuantizedConv(
        name=layer.name,
        bits=bits,
        codes=np.clip(np.round(codes), low, high).astype(np.int8),
        exponents=random.integers(
            0, exponent_max + 1 if bits == 4 else 1, (outputs, taps, groups)
        ).astype(np.uint8),
        bias=np.zeros(outputs, np.int32),
        multiplier=np.ones(outputs, np.uint16),
        shift=1,
        maximum=layer_maximum(layer),
        segments=segments,
    )
    # The accumulator is nearly normal. Its standard deviation is `spread`, from which bias and
    # multipliers follow.
    weights = conv.effective_weights().astype(np.float64).reshape(outputs, -1)
    mean, rms = PIXELS if layer.kind is LayerKind.CONV1 else ACTIVATIONS
    spread = np.sqrt((weights**2).sum(1) * (rms**2 - mean**2)) + 1.0
    bias = random.uniform(-0.5, 1.0, outputs) * spread - weights.sum(1) * mean
    factor = conv.maximum / (3.0 * spread) * random.uniform(0.5, 1.5, outputs)
    greatest = (1 << int(random.choice(multiplier_bits))) - 1
    shift = min(max(math.floor(math.log2(greatest / factor.max())), 1), 31)
    return QuantizedConv(
        name=layer.name,
        bits=bits,
        codes=conv.codes,
        exponents=conv.exponents,
        bias=np.round(bias).astype(np.int32),
        multiplier=np.clip(np.round(factor * 2.0**shift), 1, greatest).astype(np.uint16),
        shift=shift,
        maximum=conv.maximum,
        segments=segments,
    )
