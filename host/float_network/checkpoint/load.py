"""A network with the weights of a file."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from ....errors import FirelineError
from ...network.architecture import Architecture
from ...onnx.importer import import_onnx, read_onnx
from ..squeezenet import SqueezeNet
from .tensors import read_weights


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a weights file gives."""

    model: SqueezeNet  # in evaluation mode
    notes: tuple[str, ...]  # what was done to make the file fit, a line each, for the user


def load_checkpoint(path: str | Path, architecture: Architecture) -> SqueezeNet:
    """The model of ``read_checkpoint``, for callers who show no notes."""
    return read_checkpoint(path, architecture).model


def read_checkpoint(
    path: str | Path, architecture: Architecture, any_classes: bool = False
) -> Checkpoint:
    """The network with the weights of a .pth, .pt, .safetensors or .onnx file.

    It has batch normalisation if the file has; that of an .onnx file is folded in. An .onnx file
    also says whether there is a last ReLU, which the network follows. With ``any_classes`` it has
    as many classes as the file. Raises FirelineError when the file is missing or damaged, holds
    anything but finite tensors, or does not fit the architecture.
    """
    if any_classes:
        architecture = replace(architecture, classes=_classes(path, architecture))
    if _is_onnx(path):
        return _load_onnx(path, architecture)
    weights = read_weights(path)
    batch_norm = any(name.endswith(".running_mean") for name in weights)
    model = SqueezeNet(architecture, batch_norm)
    own = {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    where = f"weights {path} do not fit network {architecture.name}"
    _refuse(where, "missing", [name for name in own if name not in weights])
    _refuse(where, "unexpected", [name for name in weights if name not in own])
    for name, tensor in own.items():
        found, expected = tuple(weights[name].shape), tuple(tensor.shape)
        if found != expected:
            raise FirelineError(
                f"{where}: {name} has shape {found} instead of {expected}; "
                "use weights of this architecture"
            )
        if name.endswith(".running_var") and weights[name].min() < 0:
            raise FirelineError(f"weights {path}: {name} has a variance below zero; train again")
        tensor.copy_(weights[name])
    return Checkpoint(model.eval(), ())


def _classes(path: str | Path, architecture: Architecture) -> int:
    """The number of classes of a weights file, or the architecture's if the file does not tell."""
    if _is_onnx(path):
        return read_onnx(path, architecture).architecture.classes
    head = read_weights(path).get("classifier.1.weight")
    return architecture.classes if head is None or head.ndim != 4 else len(head)


def _is_onnx(path: str | Path) -> bool:
    return Path(path).suffix == ".onnx"


def _load_onnx(path: str | Path, architecture: Architecture) -> Checkpoint:
    network, weights = import_onnx(path, architecture)
    own, notes = network.architecture, network.notes
    model = SqueezeNet(own)
    with torch.no_grad():
        for name, (weight, bias) in weights.items():
            model.conv(name).weight.copy_(torch.from_numpy(weight))
            conv_bias = model.conv(name).bias
            assert conv_bias is not None  # there is no batch normalisation
            conv_bias.copy_(torch.from_numpy(bias))
    if own.last_relu == architecture.last_relu:
        return Checkpoint(model.eval(), notes)
    found = "a" if own.last_relu else "no"
    return Checkpoint(model.eval(), (*notes, f"{path} has {found} ReLU behind the classifier"))


def _refuse(where: str, what: str, names: list[str]) -> None:
    """Raises FirelineError if there are names; ``what`` is what is wrong with them."""
    if names:
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        raise FirelineError(f"{where}: {names[0]}{more} {what}; use weights of this architecture")
