"""Cross-layer equalization: moves factors from a layer's channels into the next layer's weights.

Nagel et al., "Data-Free Quantization through Weight Equalization and Bias Correction", ICCV 2019,
section 4.1. ReLU and max pooling commute with a positive factor, so the float network's function
stays the same when a channel is divided by s and the weights that read it are multiplied by s. The
factors s make channels and weights use the ranges that they share with others more evenly. In the
paper, channels and weights become equally even; here the channels become more even than the weights
where the weights have 8 bits.
"""

import dataclasses
from collections.abc import Mapping

import torch

from ...float_network.fold import FoldedNetwork
from ...network.architecture import Layer, LayerKind
from ..maps import convolutions, input_maps, skipped_maps
from .work import Report, Work

LIMIT = 16.0  # factors are 1/LIMIT..LIMIT
SHARES = {4: 0.5, 8: 0.75}  # by the weights' bits: the share of the evenness that channels get


def equalize(work: Work, report: Report) -> None:
    """The step: starts anew with the equalized network."""
    work.start(equalized(work.folded, work.statistics.peaks, work.bits))


def equalized(
    network: FoldedNetwork, peaks: Mapping[str, torch.Tensor], bits: Mapping[str, int]
) -> FoldedNetwork:
    """The same function with other weights.

    ``peaks`` are the greatest values of each map's channels; the paper derives these ranges from
    the weights of the layer in front. ``bits`` are those of each layer's weights. A channel keeps
    the factor 1 when it is always zero or when nothing reads it. So do all channels of a map that
    a bypass adds or changes.
    """
    weights, biases = dict(network.weights), dict(network.biases)
    layers, reads = convolutions(network.architecture), input_maps(network.architecture)
    skipped = skipped_maps(network.architecture)
    tied = {*skipped, *skipped.values()}
    for name in dict.fromkeys(name for name in reads.values() if name and name not in tied):
        readers = [layer.name for layer in layers if reads[layer.name] == name]
        columns = torch.stack([weights[r].abs().amax((0, 2, 3)) for r in readers]).amax(0)
        factors = _factors(peaks[name], columns, SHARES[min(bits[r] for r in readers)])
        for layer, first in _writers(layers, name):
            own = factors[first : first + layer.output_channels]
            weights[layer.name] = weights[layer.name] / own.view(-1, 1, 1, 1)
            biases[layer.name] = biases[layer.name] / own
        for reader in readers:
            weights[reader] = weights[reader] * factors.view(1, -1, 1, 1)
    return dataclasses.replace(network, weights=weights, biases=biases)


def _factors(peaks: torch.Tensor, columns: torch.Tensor, share: float) -> torch.Tensor:
    """The divisor of each channel; their median is 1."""
    alive = (peaks > 0) & (columns > 0)
    factors = torch.ones_like(peaks)
    if alive.any():
        even = peaks[alive] ** share / columns[alive] ** (1 - share)
        factors[alive] = (even / even.median()).clamp(1 / LIMIT, LIMIT)
    return factors


def _writers(layers: list[Layer], name: str) -> list[tuple[Layer, int]]:
    """The layers that write a map, each with the map's channel that its first channel becomes."""
    writers, first = [], 0
    for layer in layers:
        if layer.output_map == name and layer.kind is not LayerKind.BYPASS:
            writers.append((layer, first))
            first += layer.output_channels
    return writers
