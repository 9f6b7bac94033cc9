"""Networks as other people write them in torch, under their own names."""

from collections import OrderedDict

import torch
from fireline.host.network.architecture import Architecture, Fire
from torch import nn


class Squeeze(nn.Module):
    """A Fire with torchvision's names."""

    def __init__(self, channels: int, squeeze: int, expand1x1: int, expand3x3: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand1x1, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand3x3, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.squeeze(x).relu()
        return torch.cat([self.expand1x1(x).relu(), self.expand3x3(x).relu()], 1)


class TorchvisionLike(nn.Module):
    """SqueezeNet 1.0 with the modules and names of torchvision's."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()

        def pool() -> nn.MaxPool2d:
            return nn.MaxPool2d(3, 2, ceil_mode=True)

        self.features = nn.Sequential(
            nn.Conv2d(3, 96, 7, 2), nn.ReLU(), pool(),
            Squeeze(96, 16, 64, 64), Squeeze(128, 16, 64, 64), Squeeze(128, 32, 128, 128), pool(),
            Squeeze(256, 32, 128, 128), Squeeze(256, 48, 192, 192), Squeeze(384, 48, 192, 192),
            Squeeze(384, 64, 256, 256), pool(), Squeeze(512, 64, 256, 256),
        )  # fmt: skip
        self.classifier = nn.Sequential(
            nn.Dropout(), nn.Conv2d(512, classes, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(x)).flatten(1)


def block(channels: int, width: int, kernel: int = 1, **options) -> nn.Sequential:
    """Convolution, batch normalisation and ReLU, as many write them."""
    conv = nn.Conv2d(channels, width, kernel, padding=kernel // 2, **options)
    return nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU())


class NormalisedFire(nn.Module):
    """A Fire of such blocks."""

    def __init__(self, channels: int, fire: Fire) -> None:
        super().__init__()
        self.squeeze = block(channels, fire.squeeze)
        self.left = block(fire.squeeze, fire.expand1x1)
        self.right = block(fire.squeeze, fire.expand3x3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.squeeze(x)
        return torch.cat([self.left(x), self.right(x)], 1)


class Normalised(nn.Module):
    """A network of conv1, a pool and Fires without bypasses; random, and with statistics."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        conv1, _, *fires = architecture.stages
        self.stem = block(3, conv1.channels, conv1.kernel, stride=conv1.stride)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        channels, modules = conv1.channels, OrderedDict()
        for number, fire in enumerate(fires, start=2):
            modules[f"fire{number}"] = NormalisedFire(channels, fire)
            channels = fire.channels
        self.fires = nn.Sequential(modules)
        self.head = nn.Conv2d(channels, architecture.classes, 1)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                for tensor in (module.weight.data, module.bias.data, module.running_mean):
                    tensor.uniform_(0.2, 1)
                module.running_var.uniform_(0.5, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.fires(self.pool(self.stem(x)))).relu().mean((2, 3))
