"""A network's layers with their shapes, parameters, MACs, bits and cycles; its weights' size."""

from dataclasses import dataclass

from ..compiler.compile import Compiled
from ..network.architecture import Architecture, LayerKind
from ..network.quantized import QuantizedNetwork
from .entropy import encode_conv


@dataclass(frozen=True)
class LayerSummary:
    """One layer; an unknown value is None."""

    name: str
    shape: tuple[int, int, int]  # channels, height and width of the output
    kernel: int
    stride: int
    parameters: int
    macs: int
    bits: int | None  # of its weights
    cycles: int | None  # a frame; expand3x3 has those of both expands, which run together


PAPER = {"float32": 4.8, "8 bits": 0.66, "6 bits": 0.47}
"""MiB of SqueezeNet 1.0, biases included. Deep Compression made the last two: pruned, quantized and
Huffman-coded. Source: Iandola et al., "SqueezeNet", 2016, table 2."""


@dataclass(frozen=True)
class WeightSizes:
    """Bytes of all weights, without biases and scales; an unknown value is None."""

    float32: int
    rom: int | None  # codes and exponents, without the padding to the array's width
    entropy_coded: int | None  # codes and exponents in Huffman codes, tables included


def weight_sizes(
    architecture: Architecture, network: QuantizedNetwork | None = None
) -> WeightSizes:
    """The sizes of a network's weights; without a network, `float32` alone."""
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
    """The layers in execution order.

    Pools and the average have no cycles of their own, because they run while other layers do.
    """
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
            cycles=None if layer.kind is LayerKind.EXPAND1X1 else cycles.get(layer.output_map),
        )
        for layer in architecture.layers()
    ]


def layer_cycles(compiled: Compiled) -> dict[str, int]:
    """Cycles a frame of each program layer ("fire2": both expands); their sum is the frame's.

    A row operation's cycles last from its first word to the next row operation's first word.
    """
    layers, timing = compiled.program.layers, compiled.timing
    starts = [first for first, _ in timing.operations]
    ends = [*starts[1:], timing.cycles + starts[0]]
    cycles = dict.fromkeys((layer.name for layer in layers), 0)
    for row, start, end in zip(compiled.program.rows, starts, ends, strict=True):
        cycles[layers[row.layer].name] += end - start
    return cycles
