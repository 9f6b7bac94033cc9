"""Cross-layer equalization: factors move from a layer's channels into the next layer's weights.

Nagel et al., "Data-Free Quantization through Weight Equalization and Bias Correction", ICCV 2019,
section 4.1. ReLU and max pooling let a positive factor through, so dividing a channel by s and
multiplying the weights that read it by s changes nothing in float; with s between them, channel and
weights use the range of integers that they share with others more evenly. In the paper both get as
much of it as the other; here weights that have more bits than values need leave more to the values.
"""

import dataclasses
from collections.abc import Mapping

import torch

from ...float_network.fold import FoldedNetwork
from ...network.architecture import Architecture, Bypass, Fire, LayerKind
from ..quantized_training import convolutions, input_maps, output_map
from .work import Report, Work

LIMIT = 16.0  # the greatest factor of a channel, and its inverse the least
SHARES = {4: 0.5, 8: 0.75}  # of the evenness that goes to the values, by the weights' bits


def equalize(work: Work, report: Report) -> None:
    """The stage: begins anew with the equalized network."""
    work.start(equalized(work.folded, work.statistics.peaks, work.bits))


def equalized(
    network: FoldedNetwork, peaks: Mapping[str, torch.Tensor], bits: Mapping[str, int]
) -> FoldedNetwork:
    """The same function, with other weights.

    ``peaks`` are the greatest values of each map's channels: the range that the paper takes from
    the weights in front. ``bits`` are those of each layer's weights. Channels that are always zero,
    or that nothing reads, are left alone, and so are maps that a simple bypass adds to others.
    """
    weights, biases = dict(network.weights), dict(network.biases)
    layers, reads = convolutions(network.architecture), input_maps(network.architecture)
    free = dict.fromkeys(name for name in reads.values() if name)
    for name in [name for name in free if name not in _tied(network.architecture)]:
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
    """What each channel is divided by; half of them by more than 1."""
    alive = (peaks > 0) & (columns > 0)
    factors = torch.ones_like(peaks)
    if alive.any():
        even = peaks[alive] ** share / columns[alive] ** (1 - share)
        factors[alive] = (even / even.median()).clamp(1 / LIMIT, LIMIT)
    return factors


def _writers(layers: list, name: str) -> list[tuple]:
    """The layers that write a map, each with its first channel there."""
    writers, first = [], 0
    for layer in layers:
        if output_map(layer) == name and layer.kind is not LayerKind.BYPASS:
            writers.append((layer, first))
            first += layer.output_channels
    return writers


def _tied(architecture: Architecture) -> set[str]:
    """Maps that a bypass adds something to, or that it adds to others."""
    tied, reads = set(), input_maps(architecture)
    for layer in convolutions(architecture):
        stage = architecture.stages[layer.stage] if layer.kind is LayerKind.SQUEEZE else None
        if isinstance(stage, Fire) and stage.bypass is not Bypass.NONE:
            tied.add(layer.name.partition("/")[0])
            if stage.bypass is Bypass.SIMPLE:
                tied.add(reads[layer.name])
    return tied
