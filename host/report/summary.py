"""A network by layer: shapes, parameters, operations, bits and cycles; its weights' size."""

from dataclasses import dataclass

from ..compiler.compile import Compiled
from ..network.architecture import Architecture, LayerKind
from ..network.quantized import QuantizedNetwork
from .entropy import encode_conv


@dataclass(frozen=True)
class LayerSummary:
    """One layer; what is not known is None."""

    name: str
    shape: tuple[int, int, int]  # channels, height and width of what it puts out
    kernel: int
    stride: int
    parameters: int
    macs: int
    bits: int | None  # of its weights
    cycles: int | None  # a frame; those of a Fire's two expands, which run as one, stand at 3x3


PAPER = {"float32": 4.8, "8 bits": 0.66, "6 bits": 0.47}
"""Megabytes (of 2^20) of SqueezeNet 1.0, biases included, in the SqueezeNet paper's table 2; the
last two by Deep Compression: pruned, quantized and Huffman-coded."""


@dataclass(frozen=True)
class WeightSizes:
    """Bytes of all weights, without biases and scales; what is not known is None."""

    float32: int
    rom: int | None  # codes and exponents, without the gaps that an array's width leaves
    entropy_coded: int | None  # the same in Huffman codes, with their tables


def weight_sizes(
    architecture: Architecture, network: QuantizedNetwork | None = None
) -> WeightSizes:
    """The sizes of a network, or of what an architecture would have."""
    float32 = 4 * sum(layer.weights for layer in architecture.layers())
    if network is None:
        return WeightSizes(float32, None, None)
    streams = [stream for conv in network.convs.values() for stream in encode_conv(conv)]
    return WeightSizes(float32, -(-network.weight_bits // 8), sum(map(len, streams)))


def summarise(
    architecture: Architecture,
    network: QuantizedNetwork | None = None,
    compiled: Compiled | None = None,
) -> list[LayerSummary]:
    """The layers in execution order; the pools' and the average's cycles are hidden by others'."""
    cycles = layer_cycles(compiled) if compiled else {}
    return [
        LayerSummary(
            name=layer.name,
            shape=(layer.output_channels, layer.output_height, layer.output_width),
            kernel=layer.kernel,
            stride=layer.stride,
            parameters=layer.parameters,
            macs=layer.macs,
            bits=network.convs[layer.name].bits if network and layer.is_convolution else None,
            cycles=cycles.get(
                layer.name.partition("/")[0] if layer.kind is LayerKind.EXPAND3X3 else layer.name
            ),
        )
        for layer in architecture.layers()
    ]


def layer_cycles(compiled: Compiled) -> dict[str, int]:
    """Cycles a frame by layer of the program ("fire2": both expands); they add up to the frame's.

    A row's cycles last from its first word to the next row's.
    """
    layers, timing = compiled.program.layers, compiled.timing
    starts = [first for first, _ in timing.operations]
    ends = [*starts[1:], timing.cycles + starts[0]]
    cycles = dict.fromkeys((layer.name for layer in layers), 0)
    for row, start, end in zip(compiled.program.rows, starts, ends, strict=True):
        cycles[layers[row.layer].name] += end - start
    return cycles
