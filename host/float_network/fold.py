"""Batch normalisation and preprocessing folded into the convolutions."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch.nn import functional

from ..network.architecture import Architecture, Layer, LayerKind
from .squeezenet import SqueezeNet


@dataclass(frozen=True, eq=False)
class FoldedNetwork:
    """Weights and biases with which the convolutions alone compute the model's logits.

    The first convolution reads pixels 0..255, RGB or grey, padded with ``pad_value``.
    """

    architecture: Architecture
    weights: Mapping[str, torch.Tensor]  # by layer name: float32 [cout, cin, k, k]
    biases: Mapping[str, torch.Tensor]  # by layer name: float32 [cout]

    def convolve(self, layer: Layer, x: torch.Tensor) -> torch.Tensor:
        """A convolution with bias but without ReLU: [N, cin, H, W] to [N, cout, H', W']."""
        x = pad(self.architecture, layer, x)
        weight, bias = self.weights[layer.name], self.biases[layer.name]
        return functional.conv2d(x, weight, bias, layer.stride)

    def rectified(self, layer: Layer, x: torch.Tensor) -> torch.Tensor:
        """A convolution with bias, and ReLU where the network has one, for ``walk``."""
        return self.rectify(layer, self.convolve(layer, x))

    def rectify(self, layer: Layer, sums: torch.Tensor) -> torch.Tensor:
        """The layer's output from its sums, which are overwritten."""
        has_relu = layer.kind is not LayerKind.CLASSIFIER or self.architecture.last_relu
        return sums.relu_() if has_relu else sums

    def join(self, name: str, expanded: torch.Tensor, skipped: torch.Tensor | None) -> torch.Tensor:
        """The output of a Fire, for ``walk``: the expands' channels plus what its bypass adds."""
        return expanded if skipped is None else expanded + skipped

    def to(self, device: torch.device) -> "FoldedNetwork":
        """The network with its tensors on another device."""
        weights = {name: weight.to(device) for name, weight in self.weights.items()}
        biases = {name: bias.to(device) for name, bias in self.biases.items()}
        return FoldedNetwork(self.architecture, weights, biases)


def fold(model: SqueezeNet) -> FoldedNetwork:
    """Folds a model in evaluation mode; the result is exact up to rounding to float32."""
    names = [layer.name for layer in model.architecture.layers() if layer.is_convolution]
    folded = {name: _fold_norm(model, name) for name in names}
    folded["conv1"] = _fold_preprocessing(model.architecture, *folded["conv1"])
    return FoldedNetwork(
        model.architecture,
        {name: weight.float() for name, (weight, _) in folded.items()},
        {name: bias.float() for name, (_, bias) in folded.items()},
    )


def pad_value(architecture: Architecture) -> tuple[int, ...]:
    """The pixel, RGB or grey, 0..255, that preprocessing maps nearest to zero."""
    preprocessing = architecture.preprocessing
    pixel = [min(max(round(m / preprocessing.scale), 0), 255) for m in preprocessing.mean]
    return tuple(pixel[::-1] if preprocessing.order == "bgr" else pixel)


def pad(architecture: Architecture, layer: Layer, x: torch.Tensor) -> torch.Tensor:
    """Pads the input [N, C, H, W] of a layer with zeros, that of conv1 with the pad value."""
    if not layer.padding:
        return x
    sides = [layer.padding] * 4
    if layer.kind is not LayerKind.CONV1:
        return functional.pad(x, sides)
    border = x.new_tensor(pad_value(architecture)).view(-1, 1, 1)
    return functional.pad(x - border, sides) + border


def _fold_norm(model: SqueezeNet, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight and bias, float64, of a convolution and the batch normalisation that follows it."""
    conv, norm = model.conv(name), model.norm(name)
    weight = conv.weight.detach().double()
    bias = torch.zeros(len(weight)) if conv.bias is None else conv.bias.detach()
    if norm is None:
        return weight, bias.double()
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None and variance is not None  # the module tracks them
    factor = norm.weight.detach().double() / torch.sqrt(variance.double() + norm.eps)
    bias = norm.bias.detach() + (bias - mean) * factor
    return weight * factor.view(-1, 1, 1, 1), bias


def _fold_preprocessing(
    architecture: Architecture, weight: torch.Tensor, bias: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight and bias of conv1 for pixels 0..255, RGB or grey."""
    preprocessing = architecture.preprocessing
    mean = torch.tensor(preprocessing.mean, dtype=torch.float64).view(-1, 1, 1)
    std = torch.tensor(preprocessing.std, dtype=torch.float64).view(-1, 1, 1)
    bias = bias - (weight * mean / std).sum((1, 2, 3))
    weight = weight * preprocessing.scale / std
    return weight.flip(1) if preprocessing.order == "bgr" else weight, bias
