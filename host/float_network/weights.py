"""Reading weights files: tensors by name, nothing in them executed."""

import json
import pickle
from pathlib import Path

import safetensors
import safetensors.torch
import torch

from ...errors import FirelineError


def read_weights(path: str | Path) -> dict[str, torch.Tensor]:
    """The tensors of a .pth, .pt or .safetensors file by name, all finite floats.

    Counters of training steps are left out. Raises FirelineError when the file is missing,
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
                f"weights {path}: unknown ending; use .pth, .pt, .safetensors or .onnx"
            )
    weights = {
        name: tensor for name, tensor in weights.items() if not name.endswith("num_batches_tracked")
    }
    for name, tensor in weights.items():
        if not tensor.is_floating_point():
            raise FirelineError(f"weights {path}: {name} is {tensor.dtype}; save it as floats")
        if not torch.isfinite(tensor).all():
            raise FirelineError(f"weights {path}: {name} holds NaN or infinity; train it again")
    return weights


def read_class_names(path: str | Path) -> tuple[str, ...]:
    """The names of the classes that training left in a .safetensors file; else none."""
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
            f"weights {path}: not a safetensors file, or cut short; fetch it again"
        ) from error


def _read_pickle(path: Path) -> dict[str, torch.Tensor]:
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "Unsupported" in str(error):
            raise FirelineError(
                f"weights {path}: holds code besides tensors, which is not run; "
                "save the state_dict alone"
            ) from error
        raise FirelineError(f"weights {path}: not a torch file; check the path") from error
    except Exception as error:  # torch raises many types on damaged files
        raise FirelineError(f"weights {path}: damaged or cut short; fetch it again") from error
    if isinstance(weights, dict) and isinstance(weights.get("state_dict"), dict):
        weights = weights["state_dict"]
    if not isinstance(weights, dict) or not all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor)
        for name, tensor in weights.items()
    ):
        raise FirelineError(f"weights {path}: not tensors by name; save the state_dict alone")
    return weights
