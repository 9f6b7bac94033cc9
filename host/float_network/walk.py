"""The way of a batch through a network in torch, whatever its operators compute."""

from collections.abc import Callable

import torch
from torch.nn import functional

from ..network.architecture import Architecture, Layer, LayerKind
from ..network.stage import Bypass, Fire, MaxPool

Convolve = Callable[[Layer, torch.Tensor], torch.Tensor]  # with bias and ReLU
Join = Callable[[str, torch.Tensor, torch.Tensor | None], torch.Tensor]


def walk(
    architecture: Architecture, x: torch.Tensor, convolve: Convolve, join: Join
) -> torch.Tensor:
    """Takes the input [N, C, H, W] to the classifier's map [N, classes, H', W'].

    ``convolve(layer, x)`` is called for every convolution, ``join("fire2", expanded, skipped)`` at
    the end of every Fire, with what its bypass adds, if it has one.
    """
    for index in range(len(architecture.stages) + 1):
        x = walk_stage(architecture, index, x, convolve, join)
    return x


def walk_stage(
    architecture: Architecture, index: int, x: torch.Tensor, convolve: Convolve, join: Join
) -> torch.Tensor:
    """The part of ``walk`` through one stage; the last is the classifier."""
    layers = architecture.layers()
    if index == len(architecture.stages):
        return convolve(layers[-2], x)
    own = {layer.kind: layer for layer in layers if layer.stage == index}
    stage = architecture.stages[index]
    match stage:
        case MaxPool():
            return functional.max_pool2d(x, 3, 2, ceil_mode=True)
        case Fire():
            squeeze = own[LayerKind.SQUEEZE]
            squeezed = convolve(squeeze, x)
            expands = own[LayerKind.EXPAND1X1], own[LayerKind.EXPAND3X3]
            expanded = torch.cat([convolve(expand, squeezed) for expand in expands], 1)
            skipped = None if stage.bypass is Bypass.NONE else x
            if stage.bypass is Bypass.COMPLEX:
                skipped = convolve(own[LayerKind.BYPASS], x)
            return join(fire_name(squeeze), expanded, skipped)
        case _:
            return convolve(own[LayerKind.CONV1], x)


def fire_name(layer: Layer) -> str:
    """The Fire that a layer belongs to ("fire2")."""
    return layer.name.partition("/")[0]
