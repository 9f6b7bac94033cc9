"""Batch normalisation and preprocessing folded into the convolutions."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch.nn import functional

from ..network.architecture import Architecture, Layer, LayerKind
from .squeezenet import SqueezeNet


@dataclass(frozen=True, eq=False)
class FoldedNetwork:
    """Weights and biases with which the convolutions alone compute what the model does.

    The first takes pixels 0..255, RGB or grey, surrounded by ``pad_value``.
    """

    architecture: Architecture
    weights: Mapping[str, torch.Tensor]  # by layer name: float32 [cout, cin, k, k]
    biases: Mapping[str, torch.Tensor]  # by layer name: float32 [cout]

    def convolve(self, layer: Layer, x: torch.Tensor) -> torch.Tensor:
        """Float sums with bias, before ReLU: [N, cin, H, W] to [N, cout, H', W']."""
        x = pad(self.architecture, layer, x)
        weight, bias = self.weights[layer.name], self.biases[layer.name]
        return functional.conv2d(x, weight, bias, layer.stride)

    def rectified(self, layer: Layer, x: torch.Tensor) -> torch.Tensor:
        """A convolution's output, as ``walk`` wants it."""
        return self.convolve(layer, x).relu_()

    def join(self, name: str, expanded: torch.Tensor, skipped: torch.Tensor | None) -> torch.Tensor:
        """A Fire's output, as ``walk`` wants it."""
        return expanded if skipped is None else expanded + skipped

    def to(self, device: torch.device) -> "FoldedNetwork":
        """The same network there."""
        weights = {name: weight.to(device) for name, weight in self.weights.items()}
        biases = {name: bias.to(device) for name, bias in self.biases.items()}
        return FoldedNetwork(self.architecture, weights, biases)


def fold(model: SqueezeNet) -> FoldedNetwork:
    """The model as it is in evaluation mode, exact but for float32."""
    names = [layer.name for layer in model.architecture.layers() if layer.is_convolution]
    folded = {name: _fold_norm(model, name) for name in names}
    folded["conv1"] = _fold_preprocessing(model.architecture, *folded["conv1"])
    return FoldedNetwork(
        model.architecture,
        {name: weight.float() for name, (weight, _) in folded.items()},
        {name: bias.float() for name, (_, bias) in folded.items()},
    )


def pad_value(architecture: Architecture) -> tuple[int, ...]:
    """The pixel, RGB or grey, nearest to the one that preprocessing makes zero."""
    preprocessing = architecture.preprocessing
    pixel = [min(max(round(m / preprocessing.scale), 0), 255) for m in preprocessing.mean]
    return tuple(pixel[::-1] if preprocessing.order == "bgr" else pixel)


def pad(architecture: Architecture, layer: Layer, x: torch.Tensor) -> torch.Tensor:
    """Surrounds a layer's input [N, C, H, W] with zeros; the pixels with the pad value."""
    if not layer.padding:
        return x
    sides = [layer.padding] * 4
    if layer.kind is not LayerKind.CONV1:
        return functional.pad(x, sides)
    border = x.new_tensor(pad_value(architecture)).view(-1, 1, 1)
    return functional.pad(x - border, sides) + border


def _fold_norm(model: SqueezeNet, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    conv, norm = model.conv(name), model.norm(name)
    weight = conv.weight.detach().double()
    bias = torch.zeros(len(weight)) if conv.bias is None else conv.bias.detach()
    if norm is None:
        return weight, bias.double()
    factor = norm.weight.detach().double() / torch.sqrt(norm.running_var.double() + norm.eps)
    bias = norm.bias.detach() + (bias - norm.running_mean) * factor
    return weight * factor.view(-1, 1, 1, 1), bias


def _fold_preprocessing(
    architecture: Architecture, weight: torch.Tensor, bias: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    preprocessing = architecture.preprocessing
    mean = torch.tensor(preprocessing.mean, dtype=torch.float64).view(-1, 1, 1)
    std = torch.tensor(preprocessing.std, dtype=torch.float64).view(-1, 1, 1)
    bias = bias - (weight * mean / std).sum((1, 2, 3))
    weight = weight * preprocessing.scale / std
    return weight.flip(1) if preprocessing.order == "bgr" else weight, bias
