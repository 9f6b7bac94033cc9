"""A network with the weights of a file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from ....errors import FirelineError
from ...network.architecture import Architecture
from ...onnx.importer import import_onnx
from ..squeezenet import SqueezeNet
from .by_name import NamedWeights, match_names
from .by_order import OrderedWeights, check_variance, folded, match_order
from .contents import read_contents
from .kind import Kind, recognise
from .left_out import left_out
from .mismatch import mismatch, wrong_classes


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a weights file gives."""

    model: SqueezeNet  # in evaluation mode
    notes: tuple[str, ...]  # what was done to make the file fit, a line each, for the user
    class_names: tuple[str, ...]  # as training writes them; () if the file has none


def load_checkpoint(path: str | Path, architecture: Architecture) -> SqueezeNet:
    """The model of ``read_checkpoint``, for callers who show no notes."""
    return read_checkpoint(path, architecture).model


def read_checkpoint(
    path: str | Path, architecture: Architecture, any_classes: bool = False
) -> Checkpoint:
    """The network with the weights of a file of torch, safetensors or ONNX, whatever its ending.

    Names are torchvision's behind any prefix; the model has batch normalisation if the file has.
    Other names are matched by shape and order where that is clear, and batch normalisation is
    folded in, as in ONNX files. An ONNX file, and one that training wrote, say whether there is a
    last ReLU, which the network follows. With ``any_classes`` the model has as many classes as the
    file.

    Raises FirelineError when the file is missing, damaged or no weights file, does not fit the
    architecture, or holds anything but finite floats where the architecture wants weights.
    """
    path, where = Path(path), f"weights {path}"
    kind = recognise(path)
    if kind is Kind.ONNX:
        return _load_onnx(path, architecture, any_classes)
    contents, given = read_contents(path, kind), architecture
    if contents.last_relu is not None:
        architecture = replace(architecture, last_relu=contents.last_relu)
    tensors, ordered = contents.tensors, contents.ordered
    found = match_names(where, tensors, architecture) or match_order(
        where, tensors, ordered, architecture
    )
    if found is None:
        raise mismatch(where, contents, architecture)
    if found.classes != architecture.classes:
        if not any_classes:
            raise wrong_classes(where, found.classes, architecture)
        architecture = _with_classes(where, found.classes, architecture)
    if contents.class_names and len(contents.class_names) != architecture.classes:
        raise FirelineError(
            f"{where}: names {len(contents.class_names)} classes, but has {architecture.classes}; "
            "correct the entry classes in its metadata"
        )
    model = (
        _load_named(where, found, architecture)
        if isinstance(found, NamedWeights)
        else _load_ordered(where, found, architecture)
    )
    notes = (
        *found.notes,
        *left_out(where, tensors, found.first, architecture),
        *_last_relu_notes(where, architecture, given),
    )
    return Checkpoint(model.eval(), notes, contents.class_names)


def _with_classes(where: str, classes: int, architecture: Architecture) -> Architecture:
    try:
        return replace(architecture, classes=classes)
    except FirelineError as error:
        raise FirelineError(f"{where}: {error}") from error


def _load_named(where: str, found: NamedWeights, architecture: Architecture) -> SqueezeNet:
    model = SqueezeNet(architecture, found.batch_norm)
    state = model.state_dict()
    for name, stored in found.tensors.items():
        values = stored.read(f"{where}: {found.prefix}{name}")
        if name.endswith(".running_var"):
            check_variance(f"{where}: {found.prefix}{name}", values)
        state[name].copy_(values)
    return model


def _load_ordered(where: str, found: OrderedWeights, architecture: Architecture) -> SqueezeNet:
    layers = [layer for layer in architecture.layers() if layer.is_convolution]
    convolutions = {
        layer.name: folded(where, conv, norm)
        for layer, (conv, norm) in zip(layers, found.pairs, strict=True)
    }
    return _filled(architecture, convolutions)


def _load_onnx(path: Path, architecture: Architecture, any_classes: bool) -> Checkpoint:
    network, arrays = import_onnx(path, architecture, any_classes)
    convolutions = {
        name: (torch.from_numpy(weight), torch.from_numpy(bias))
        for name, (weight, bias) in arrays.items()
    }
    own = network.architecture
    notes = (*network.notes, *_last_relu_notes(f"weights {path}", own, architecture))
    return Checkpoint(_filled(own, convolutions).eval(), notes, ())


def _last_relu_notes(where: str, found: Architecture, given: Architecture) -> tuple[str, ...]:
    """What the user should know if the file's last ReLU differs from what was given."""
    if found.last_relu == given.last_relu:
        return ()
    a = "a" if found.last_relu else "no"
    return (f"{where}: {a} ReLU stands behind the classifier, so the network has {a} last ReLU",)


def _filled(
    architecture: Architecture, convolutions: Mapping[str, tuple[torch.Tensor, torch.Tensor]]
) -> SqueezeNet:
    """A model without batch normalisation, with weights and biases by layer name."""
    model = SqueezeNet(architecture)
    with torch.no_grad():
        for name, (weight, bias) in convolutions.items():
            conv = model.conv(name)
            assert conv.bias is not None  # there is no batch normalisation
            conv.weight.copy_(weight)
            conv.bias.copy_(bias)
    return model
