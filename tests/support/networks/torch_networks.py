"""Small torch networks whose activations are not all zero, and pictures for them."""

from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from fireline.host.float_network.squeezenet import SqueezeNet, normalise
from fireline.host.network.architecture import Architecture

torch.set_num_threads(1)  # threads cost more than they gain with such small networks


def draw_pixels(architecture: Architecture, count: int = 8) -> np.ndarray:
    """Smooth random pictures, uint8 [count, H, W, C]."""
    random = np.random.default_rng(0)
    shape = (count, architecture.height, architecture.width, architecture.channels)
    noise = random.uniform(0, 256, shape)
    return ((noise + np.roll(noise, 1, 1) + np.roll(noise, 1, 2)) / 3).astype(np.uint8)


def draw_model(architecture: Architecture, batch_norm: bool, seed: int = 0) -> SqueezeNet:
    """A random network in evaluation mode; batch statistics are those of ``draw_pixels``."""
    torch.manual_seed(seed)
    model = SqueezeNet(architecture, batch_norm)
    with torch.no_grad():
        for layer in architecture.layers():
            if layer.is_convolution:
                conv, norm = model.conv(layer.name), model.norm(layer.name)
                torch.nn.init.kaiming_normal_(conv.weight)
                if norm is not None:
                    norm.weight.uniform_(0.5, 1.5)
                    norm.bias.uniform_(-0.3, 0.6)
                else:
                    conv.bias.uniform_(-0.1, 0.3)
        model.train()
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 1.0
        model(normalise(architecture, draw_pixels(architecture)))
    return model.eval()


def save(path: Path, weights: dict[str, torch.Tensor]) -> Path:
    """Writes weights as .safetensors or in torch's format, as the path ends; returns the path."""
    if path.suffix == ".safetensors":
        safetensors.torch.save_file(weights, path)
    else:
        torch.save(weights, path)
    return path
