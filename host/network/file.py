"""The network file: a quantized network in safetensors format, without pickle.

Each array of each convolution is a tensor named ``<layer>.<array>`` ("fire2/squeeze.codes").
Everything else stands in one JSON text in the file's metadata, among it a SHA-256 digest of the
whole file, computed with zeros in the digest's place.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from ...errors import FirelineError
from ..files import write_whole
from .architecture import Architecture
from .exponent_groups import input_segments
from .quantized import TENSORS, QuantizedConv, QuantizedNetwork, Skip, layer_maximum

ENDING = ".fireline"
"""How the file's name ends by convention."""
FORMAT = "fireline-network"
VERSION = 1
NO_DIGEST = "0" * 64


def write_network(network: QuantizedNetwork, path: str | Path) -> None:
    """Writes the file, whole or not at all; equal networks make equal bytes.

    Raises FirelineError when the file cannot be written.
    """
    write_whole(path, _to_bytes(network), "network file")


def read_network(path: str | Path) -> QuantizedNetwork:
    """Reads and checks the file.

    Raises FirelineError when the file is missing, has another version, is damaged (the digest
    covers every byte) or does not hold a valid network.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise FirelineError(f"network file {path}: {error.strerror}; check the path") from error
    return _from_bytes(data, f"network file {path}")


def _to_bytes(network: QuantizedNetwork) -> bytes:
    names = [layer.name for layer in network.architecture.layers() if layer.is_convolution]
    convs = [network.convs[name] for name in names]
    header = {
        "format": FORMAT,
        "version": VERSION,
        "digest": NO_DIGEST,
        "architecture": network.architecture.to_dict(),
        "pad_value": network.pad_value,
        "convs": {conv.name: {"bits": conv.bits, "shift": conv.shift} for conv in convs},
        "skips": {name: asdict(skip) for name, skip in sorted(network.skips.items())},
        "score_scale": network.score_scale,
        **({"score_offset": network.score_offset} if network.score_offset else {}),
        "class_names": network.class_names,
        "notes": dict(sorted(network.notes.items())),
    }
    tensors = {f"{conv.name}.{name}": getattr(conv, name) for conv in convs for name in TENSORS}
    text = json.dumps(header, separators=(",", ":"), allow_nan=False)
    data = safetensors.numpy.save(tensors, {FORMAT: text})
    return data.replace(NO_DIGEST.encode(), hashlib.sha256(data).hexdigest().encode(), 1)


def _from_bytes(data: bytes, where: str) -> QuantizedNetwork:
    try:
        length = int.from_bytes(data[:8], "little")
        header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][FORMAT])
        version, digest = header["version"], header["digest"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        if where.endswith(".toml"):
            raise FirelineError(
                f"{where}: a TOML file has no weights; use a file that `fireline quantize` wrote "
                "(`summary` and `build` take a TOML file)"
            ) from error
        raise FirelineError(
            f"{where}: not a network file; use one that `fireline quantize` wrote"
        ) from error
    if header.get("format") != FORMAT or version != VERSION:
        raise FirelineError(
            f"{where}: has version {version!r}, but this program reads {VERSION}; "
            "quantize the network again"
        )
    if not isinstance(digest, str) or digest != _digest(data, digest):
        raise FirelineError(
            f"{where}: damaged, its digest does not match its content; copy the file again"
        )
    try:
        return _from_header(header, safetensors.numpy.load(data))
    except (
        safetensors.SafetensorError,
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
        IndexError,
    ) as error:
        raise FirelineError(
            f"{where}: not a valid network ({error!r}); quantize the network again"
        ) from error
    except FirelineError as error:
        raise FirelineError(f"{where}: {error}") from error


def _digest(data: bytes, digest: str) -> str:
    blank = data.replace(digest.encode(), NO_DIGEST.encode(), 1)
    return hashlib.sha256(blank).hexdigest()


def _from_header(header: dict[str, Any], tensors: dict[str, np.ndarray]) -> QuantizedNetwork:
    architecture = Architecture.from_dict(header["architecture"])
    convs = {}
    for layer in architecture.layers():
        if layer.is_convolution:
            arrays: dict[str, Any] = {name: tensors.pop(f"{layer.name}.{name}") for name in TENSORS}
            convs[layer.name] = QuantizedConv(
                name=layer.name,
                **arrays,
                maximum=layer_maximum(layer),
                segments=input_segments(architecture, layer),
                **header["convs"].pop(layer.name),
            )
    left_over = [*tensors, *header["convs"]]
    if left_over:
        raise FirelineError(f"holds an unexpected {left_over[0]!r}; quantize the network again")
    return QuantizedNetwork(
        architecture,
        tuple(header["pad_value"]),
        convs,
        {name: Skip(**skip) for name, skip in header["skips"].items()},
        header["score_scale"],
        header.get("score_offset", 0.0),
        tuple(header["class_names"]),
        header["notes"],
    )
