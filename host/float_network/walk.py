"""Takes a batch through a network in torch; the caller supplies the operators."""

from collections.abc import Callable

import torch
from torch.nn import functional

from ..network.architecture import Architecture, Layer, LayerKind
from ..network.stage import Bypass, Fire, MaxPool

Convolve = Callable[[Layer, torch.Tensor], torch.Tensor]
"""A convolution with bias, and ReLU where the network has one: layer and input to output."""
Join = Callable[[str, torch.Tensor, torch.Tensor | None], torch.Tensor]
"""The end of a Fire: its name, the expands' channels and the skip, if any, to its output."""


def walk(
    architecture: Architecture, x: torch.Tensor, convolve: Convolve, join: Join
) -> torch.Tensor:
    """Takes the input [N, C, H, W] to the classifier's map [N, classes, H', W'].

    Calls ``convolve(layer, x)`` for every convolution and ``join("fire2", expanded, skipped)`` at
    the end of every Fire; ``skipped`` is what its bypass adds, or None.
    """
    for index in range(len(architecture.stages) + 1):
        x = walk_stage(architecture, index, x, convolve, join)
    return x


def walk_stage(
    architecture: Architecture, index: int, x: torch.Tensor, convolve: Convolve, join: Join
) -> torch.Tensor:
    """Takes a batch through one stage; the index after the last stage is the classifier."""
    own = architecture.layers_by_stage()[index]
    if index == len(architecture.stages):
        return convolve(own[LayerKind.CLASSIFIER], x)
    stage = architecture.stages[index]
    match stage:
        case MaxPool():
            return functional.max_pool2d(x, stage.kernel, 2, stage.padding, ceil_mode=stage.ceil)
        case Fire():
            squeeze = own[LayerKind.SQUEEZE]
            squeezed = convolve(squeeze, x)
            expands = own[LayerKind.EXPAND1X1], own[LayerKind.EXPAND3X3]
            expanded = torch.cat([convolve(expand, squeezed) for expand in expands], 1)
            skipped = None if stage.bypass is Bypass.NONE else x
            if stage.bypass is Bypass.COMPLEX:
                skipped = convolve(own[LayerKind.BYPASS], x)
            return join(squeeze.stage_name, expanded, skipped)
        case _:
            return convolve(own[LayerKind.CONV1], x)
