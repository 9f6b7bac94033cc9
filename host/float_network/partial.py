"""Unfinished trainings: weights, optimizer and epoch in one safetensors file."""

from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import nn

from ...errors import FirelineError
from ..files import write_whole

OPTIMIZER = "optimizer"
"""First part of the names of the optimizer's tensors."""
EPOCHS = "epochs"
"""Key of the number of finished epochs in the metadata."""


def save_partial(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    description: Mapping[str, str],
    epochs: int,
) -> None:
    """Writes the state after that many epochs, with a description of the training."""
    tensors = dict(model.state_dict())
    for name, parameter in model.named_parameters():
        for key, tensor in optimizer.state[parameter].items():
            tensors[f"{OPTIMIZER}.{key}.{name}"] = tensor
    save_tensors(path, tensors, {**description, EPOCHS: str(epochs)})


def load_partial(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    description: Mapping[str, str],
) -> int:
    """Loads a saved state into model and optimizer; returns the number of finished epochs.

    Raises FirelineError when the file is damaged or the training has another description.
    """
    try:
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError) as error:
        raise FirelineError(f"{path}: damaged; delete it to start over") from error
    for what, text in description.items():
        if metadata.get(what) != text:
            raise FirelineError(
                f"{path}: was started with another {what}; use the same or delete the file"
            )
    parameters = dict(model.named_parameters())
    try:
        for name in [name for name in tensors if name.startswith(f"{OPTIMIZER}.")]:
            _, key, parameter = name.split(".", 2)
            optimizer.state[parameters[parameter]][key] = tensors.pop(name)
        model.load_state_dict(tensors)
        return int(metadata[EPOCHS])
    except (KeyError, ValueError, RuntimeError) as error:
        raise FirelineError(
            f"{path}: belongs to another network, or to another version of Fireline; "
            "delete it to start over"
        ) from error


def save_tensors(
    path: Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str]
) -> None:
    """Writes a safetensors file, whole or not at all."""
    contiguous = {name: tensor.contiguous() for name, tensor in tensors.items()}
    write_whole(path, safetensors.torch.save(contiguous, dict(metadata)), "weights")
