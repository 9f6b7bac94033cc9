"""Everything of a weights file that has a name: tensors by their path from the file's root.

The path of a tensor is the keys on the way to it, cut at their dots. In ``{"model":
{"module.features.0.weight": tensor}}`` it is ``model.module.features.0.weight``, so a dictionary
around the weights is a prefix as any other. An object counts as the dictionary of its attributes; a
torch module's parameters, buffers and modules count as its own attributes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ....errors import FirelineError
from ...network.architecture import Architecture
from ...network.file import FORMAT
from ...reading import parse_json
from ..partial import EPOCHS
from .inert_pickle import Made
from .kind import SAVE_ALONE, Kind
from .safetensors_file import read_safetensors
from .stored import StoredTensor
from .torch_file import TorchFile, read_torch

MODULE_PARTS = ("_parameters", "_buffers", "_modules")
"""Attributes of a torch module that are left out of paths."""
COUNTERS = ("num_batches_tracked", "n_averaged", "total_ops", "total_params")
"""Last parts of names that hold no weights: of batch normalisation, averaging, and profilers."""
MOST_OBJECTS = 1 << 19
MOST_LEVELS = 64  # of objects in objects; deeper ones hold no weights


@dataclass(frozen=True, eq=False)
class Contents:
    """The tensors of a file by name, without counters."""

    tensors: dict[str, StoredTensor]
    ordered: bool  # whether they come in the order in which the network defines them
    class_names: tuple[str, ...]  # as training writes them; () if there are none
    last_relu: bool | None  # whether the network has one, as training writes it; None if unknown


def read_contents(path: Path, kind: Kind) -> Contents:
    """The tensors of a torch or safetensors file.

    Raises FirelineError when the file is damaged or holds too many objects, no tensor, a quantized
    network, or an unfinished training.
    """
    names: tuple[str, ...] = ()
    last_relu = None
    if kind is Kind.SAFETENSORS:
        file = read_safetensors(path)
        if FORMAT in file.metadata:
            raise FirelineError(
                f"weights {path}: a quantized network; use the float weights that it was made of"
            )
        if EPOCHS in file.metadata:
            raise FirelineError(
                f"weights {path}: an unfinished training; finish it with the command that began it"
            )
        names = _class_names(file.metadata)
        last_relu = _last_relu(file.metadata)
        found = file.tensors
    else:
        found = dict(_tensors(path, read_torch(path, kind)))
    kept = {name: each for name, each in found.items() if name.split(".")[-1] not in COUNTERS}
    if not kept:
        raise FirelineError(f"weights {path}: holds no tensors; {SAVE_ALONE}")
    return Contents(kept, kind is not Kind.SAFETENSORS, names, last_relu)


def _class_names(metadata: Mapping[str, str]) -> tuple[str, ...]:
    names = _entry(metadata, "classes")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return ()
    return tuple(names)


def _last_relu(metadata: Mapping[str, str]) -> bool | None:
    try:
        return Architecture.from_dict(_entry(metadata, "architecture")).last_relu
    except FirelineError:
        return None


def _entry(metadata: Mapping[str, str], key: str) -> object:
    """The JSON of that key; None if there is none."""
    try:
        return parse_json(metadata.get(key, "null"), key, "correct it")
    except FirelineError:
        return None


def _tensors(path: Path, file: TorchFile) -> Iterator[tuple[str, StoredTensor]]:
    """The tensors of all objects, in the order of the file."""
    waiting: list[tuple[str, object, int]] = [("", file.root, 0)]
    seen = 0
    while waiting:
        name, node, level = waiting.pop()
        tensor = file.tensor(node)
        if tensor is not None:
            yield name, tensor
            continue
        parts = _parts(node)
        seen += 1 + len(parts)
        if seen > MOST_OBJECTS:
            raise FirelineError(f"weights {path}: holds too many objects; {SAVE_ALONE}")
        for key, part in reversed(parts):
            if level < MOST_LEVELS and isinstance(part, dict | list | tuple | Made):
                inner = name if key in MODULE_PARTS else f"{name}.{key}" if name else str(key)
                waiting.append((inner, part, level + 1))


def _parts(node: object) -> list[tuple[object, object]]:
    """The objects in an object, by key, attribute or number."""
    if isinstance(node, dict):
        return list(node.items())
    if isinstance(node, list | tuple):
        return list(enumerate(node))
    if isinstance(node, Made):
        state = node.state
        if isinstance(state, tuple) and len(state) == 2:  # a dictionary and slots
            state = state[0]
        return [*node.items.items(), *(state.items() if isinstance(state, dict) else ())]
    return []
