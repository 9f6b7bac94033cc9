"""The accuracy of a torch module on labelled pictures."""

import torch
from torch import nn

from ..data.dataset import Pictures
from ..float_network.squeezenet import normalise
from ..network.architecture import Architecture


def accuracy(
    model: nn.Module, architecture: Architecture, pictures: Pictures, batch: int = 500
) -> float:
    """The share of the pictures, 0..1, that the network classifies correctly, in float32."""
    model.eval()
    correct = 0
    with torch.inference_mode():
        for start in range(0, len(pictures), batch):
            logits = model(normalise(architecture, pictures.pixels[start : start + batch]))
            labels = torch.as_tensor(pictures.labels[start : start + batch])
            correct += int((logits.argmax(1) == labels).sum())
    return correct / len(pictures)
