"""Weights files: tensors by name; no code in them is executed."""

import json
import pickle
from pathlib import Path

import safetensors
import safetensors.torch
import torch

from ....errors import FirelineError


def read_weights(path: str | Path) -> dict[str, torch.Tensor]:
    """The tensors of a .pth, .pt or .safetensors file by name, all finite floats.

    Batch normalisation's counters are dropped. Raises FirelineError when the file is missing or
    damaged, or holds anything but such tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise FirelineError(f"weights {path}: no such file; check the path")
    match path.suffix:
        case ".safetensors":
            weights = _read_safetensors(path)
        case ".pth" | ".pt":
            weights = _read_pickle(path)
        case _:
            raise FirelineError(
                f"weights {path}: unknown file type; use .pth, .pt, .safetensors or .onnx"
            )
    weights = {
        name: tensor for name, tensor in weights.items() if not name.endswith("num_batches_tracked")
    }
    for name, tensor in weights.items():
        if not tensor.is_floating_point():
            raise FirelineError(f"weights {path}: {name} is {tensor.dtype}; save it as float32")
        if not torch.isfinite(tensor).all():
            raise FirelineError(f"weights {path}: {name} holds NaN or infinity; train again")
    return weights


def read_class_names(path: str | Path) -> tuple[str, ...]:
    """The class names in a .safetensors file, where training writes them; () if it has none."""
    if Path(path).suffix != ".safetensors":
        return ()
    try:
        with safetensors.safe_open(path, "pt") as file:
            names = json.loads((file.metadata() or {}).get("classes", "[]"))
    except (safetensors.SafetensorError, OSError, ValueError):
        return ()
    valid = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return tuple(names) if valid else ()


def _read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    try:
        return safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, OSError, ValueError, KeyError) as error:
        raise FirelineError(
            f"weights {path}: not a safetensors file, or truncated; use an intact file"
        ) from error


def _read_pickle(path: Path) -> dict[str, torch.Tensor]:
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "Unsupported" in str(error):
            raise FirelineError(
                f"weights {path}: holds code besides tensors, which was not executed; "
                "save only the state_dict"
            ) from error
        raise FirelineError(
            f"weights {path}: not a file that torch saved; check the path"
        ) from error
    except Exception as error:  # torch raises many types for damaged files
        raise FirelineError(f"weights {path}: damaged or truncated; use an intact file") from error
    if isinstance(weights, dict) and isinstance(weights.get("state_dict"), dict):
        weights = weights["state_dict"]
    if not isinstance(weights, dict) or not all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor)
        for name, tensor in weights.items()
    ):
        raise FirelineError(
            f"weights {path}: not a dictionary of tensors; save only the state_dict"
        )
    return weights
