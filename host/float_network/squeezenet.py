"""The SqueezeNet family as torch modules, with torchvision's state-dict names."""

import numpy as np
import torch
from torch import nn

from ..network.architecture import Architecture, Bypass, Conv1, Fire, Layer, LayerKind, MaxPool


class FireModule(nn.Module):
    """A Fire; its norms are identities in a network without batch normalisation."""

    def __init__(self, fire: Fire, layers: dict[LayerKind, Layer], batch_norm: bool) -> None:
        super().__init__()
        self.kind = fire.bypass
        self.squeeze, self.squeeze_norm = _convolution(layers[LayerKind.SQUEEZE], batch_norm)
        self.expand1x1, self.expand1x1_norm = _convolution(layers[LayerKind.EXPAND1X1], batch_norm)
        self.expand3x3, self.expand3x3_norm = _convolution(layers[LayerKind.EXPAND3X3], batch_norm)
        if fire.bypass is Bypass.COMPLEX:
            self.bypass, self.bypass_norm = _convolution(layers[LayerKind.BYPASS], batch_norm)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Float [N, C, H, W] to [N, expand1x1 + expand3x3, H, W]."""
        squeezed = torch.relu(self.squeeze_norm(self.squeeze(x)))
        expand1x1 = torch.relu(self.expand1x1_norm(self.expand1x1(squeezed)))
        expand3x3 = torch.relu(self.expand3x3_norm(self.expand3x3(squeezed)))
        expanded = torch.cat([expand1x1, expand3x3], 1)
        if self.kind is Bypass.SIMPLE:
            return expanded + x
        if self.kind is Bypass.COMPLEX:
            return expanded + torch.relu(self.bypass_norm(self.bypass(x)))
        return expanded


class SqueezeNet(nn.Module):
    """An architecture as a torch module.

    For ``squeezenet1_0`` and ``squeezenet1_1``, the state dict has torchvision's names and shapes.
    With ``batch_norm``, batch normalisation follows every convolution but the classifier's and
    replaces its bias; these modules have the names ``<convolution>_norm``.
    """

    def __init__(
        self, architecture: Architecture, batch_norm: bool = False, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.architecture = architecture
        features: list[nn.Module] = []
        self._convolutions: dict[str, tuple[str, str]] = {}
        for stage, own in zip(architecture.stages, architecture.layers_by_stage(), strict=False):
            path = f"features.{len(features)}"
            match stage:
                case Conv1():
                    conv, self.conv1_norm = _convolution(own[LayerKind.CONV1], batch_norm)
                    features += [conv, nn.ReLU()]
                    self._convolutions["conv1"] = (path, "conv1_norm")
                case MaxPool():
                    pool = nn.MaxPool2d(stage.kernel, 2, stage.padding, ceil_mode=stage.ceil)
                    features.append(pool)
                case Fire():
                    features.append(FireModule(stage, own, batch_norm))
                    for kind, layer in own.items():
                        part = f"{path}.{kind.value}"
                        self._convolutions[layer.name] = (part, f"{part}_norm")
        self.features = nn.Sequential(*features)
        head, _ = _convolution(architecture.classifier, batch_norm=False)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            head,
            nn.ReLU() if architecture.last_relu else nn.Identity(),
            nn.AdaptiveAvgPool2d(1),
        )
        self._convolutions[architecture.classifier.name] = ("classifier.1", "")
        nn.init.normal_(head.weight, std=0.01)
        if architecture.last_relu:
            # A positive bias opens each class's ReLU, so that gradients reach all classes.
            nn.init.ones_(_bias(head))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalised float pixels [N, C, H, W] to logits [N, classes]."""
        x = self.conv1_norm(self.features[0](x))
        return self.classifier(self.features[1:](x)).flatten(1)

    def conv(self, name: str) -> nn.Conv2d:
        """The convolution of that layer name; KeyError if there is none."""
        conv = self.get_submodule(self._convolutions[name][0])
        assert isinstance(conv, nn.Conv2d)
        return conv

    def norm(self, name: str) -> nn.BatchNorm2d | None:
        """The batch normalisation after that layer's convolution, or None."""
        path = self._convolutions[name][1]
        norm = self.get_submodule(path) if path else None
        return norm if isinstance(norm, nn.BatchNorm2d) else None


def _convolution(layer: Layer, batch_norm: bool) -> tuple[nn.Conv2d, nn.Module]:
    """A layer's convolution with initial weights, and its batch normalisation or identity."""
    convolution = nn.Conv2d(
        layer.input_channels,
        layer.output_channels,
        layer.kernel,
        layer.stride,
        layer.padding,
        bias=not batch_norm,
    )
    nn.init.kaiming_uniform_(convolution.weight)
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
    norm = nn.BatchNorm2d(layer.output_channels) if batch_norm else nn.Identity()
    return convolution, norm


def _bias(conv: nn.Conv2d) -> torch.Tensor:
    """The bias of a convolution that has one."""
    assert conv.bias is not None
    return conv.bias


def normalise(architecture: Architecture, pixels: np.ndarray | torch.Tensor) -> torch.Tensor:
    """Preprocesses pixels uint8 [N, H, W, C] (RGB or grey) to float32 [N, C, H, W]."""
    preprocessing = architecture.preprocessing
    if isinstance(pixels, np.ndarray):
        pixels = torch.tensor(pixels)
    x = pixels.permute(0, 3, 1, 2).float()
    if preprocessing.order == "bgr":
        x = x.flip(1)
    mean = torch.tensor(preprocessing.mean).view(-1, 1, 1)
    std = torch.tensor(preprocessing.std).view(-1, 1, 1)
    return (x * preprocessing.scale - mean) / std
