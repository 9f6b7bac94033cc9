"""Safetensors files: the tensors and the text beside them."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import safetensors
import torch

from ....errors import FirelineError
from .stored import StoredTensor

TYPES = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}


@dataclass(frozen=True, eq=False)
class SafetensorsFile:
    """What a file holds."""

    tensors: dict[str, StoredTensor]
    metadata: dict[str, str]


def read_safetensors(path: Path) -> SafetensorsFile:
    """The tensors of a safetensors file by name; FirelineError when the file is damaged."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            names = list(file.keys())
            tensors = {name: _stored(path, name, file.get_slice(name)) for name in names}
            return SafetensorsFile(tensors, file.metadata() or {})
    except (safetensors.SafetensorError, OSError, ValueError, KeyError) as error:
        raise FirelineError(f"weights {path}: damaged or truncated; use an intact file") from error


def _stored(path: Path, name: str, part) -> StoredTensor:
    kind = part.get_dtype()
    return StoredTensor(TYPES.get(kind, kind), tuple(part.get_shape()), partial(_load, path, name))


def _load(path: Path, name: str) -> torch.Tensor:
    try:
        with safetensors.safe_open(path, "pt") as file:
            return file.get_tensor(name)
    except (safetensors.SafetensorError, OSError) as error:
        raise ValueError("the file is damaged") from error
