"""The names and shapes of the tensors that a network wants."""

from ...network.architecture import Architecture
from ..squeezenet import SqueezeNet
from .contents import COUNTERS

CLASSIFIER = "classifier.1.weight"
"""The tensor whose first side is the number of classes."""


def wanted_shapes(architecture: Architecture, batch_norm: bool) -> dict[str, tuple[int, ...]]:
    """The shapes in the state dict of ``SqueezeNet``, without counters."""
    state = SqueezeNet(architecture, batch_norm).state_dict()
    return {
        name: tuple(tensor.shape)
        for name, tensor in state.items()
        if name.split(".")[-1] not in COUNTERS
    }
