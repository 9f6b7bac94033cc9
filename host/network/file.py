"""The network file: a quantized network in safetensors format, without pickle.

Each array of each convolution is a tensor named ``<layer>.<array>`` ("fire2/squeeze.codes").
Everything else stands in one JSON text in the file's metadata, among it a SHA-256 digest of the
whole file, computed with zeros in the digest's place.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import safetensors
import safetensors.numpy

from ...errors import FirelineError
from ..files import write_whole
from ..reading import parse_json, read_bytes, typed
from .architecture import Architecture
from .exponent_groups import input_segments
from .quantized import TENSORS, QuantizedConv, QuantizedNetwork, Skip, layer_maximum

ENDING = ".fireline"
"""How the file's name ends by convention."""
FORMAT = "fireline-network"
VERSION = 1
NO_DIGEST = "0" * 64
AGAIN = "quantize the network again"
MOST_BYTES = 128 << 20
"""Of a file; four times the weights of the largest network."""
MOST_HEADER = 4 << 20
"""Bytes of the part before the tensors."""


@dataclass(frozen=True)
class Scale:
    """What the file's text says of a convolution."""

    bits: Literal[4, 8]
    shift: int


@dataclass(frozen=True)
class Header:
    """What the file's text says of the network, beside format, version and digest."""

    architecture: dict[str, Any]
    pad_value: tuple[int, ...]
    convs: dict[str, Scale]
    skips: dict[str, Skip]
    score_scale: float
    class_names: tuple[str, ...]
    notes: dict[str, str | int | float]
    score_offset: float = 0.0


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
    return _from_bytes(read_bytes(path, "network file", MOST_BYTES), f"network file {path}")


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
        end = 8 + min(int.from_bytes(data[:8], "little"), MOST_HEADER)
        text = parse_json(data[8:end], where, AGAIN)["__metadata__"][FORMAT]
        header = parse_json(text.encode(), where, AGAIN)
        version, digest = header["version"], header["digest"]
    except (FirelineError, AttributeError, KeyError, TypeError) as error:
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
        tensors = safetensors.numpy.load(data)
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError) as error:
        raise FirelineError(f"{where}: not valid tensors ({error!r}); {AGAIN}") from error
    try:
        return _network(typed(header, Header, "its text", AGAIN), tensors)
    except FirelineError as error:
        raise FirelineError(f"{where}: {error}") from error


def _digest(data: bytes, digest: str) -> str:
    blank = data.replace(digest.encode(), NO_DIGEST.encode(), 1)
    return hashlib.sha256(blank).hexdigest()


def _network(header: Header, tensors: dict[str, np.ndarray]) -> QuantizedNetwork:
    architecture = Architecture.from_dict(header.architecture)
    convs, scales = {}, dict(header.convs)
    for layer in architecture.layers():
        if layer.is_convolution:
            names = [f"{layer.name}.{name}" for name in TENSORS]
            lacking = [name for name in names if name not in tensors]
            if lacking or layer.name not in scales:
                raise FirelineError(f"lacks {[*lacking, layer.name][0]!r}; {AGAIN}")
            arrays: dict[str, Any] = dict(zip(TENSORS, map(tensors.pop, names), strict=True))
            convs[layer.name] = QuantizedConv(
                name=layer.name,
                **arrays,
                maximum=layer_maximum(layer),
                segments=input_segments(architecture, layer),
                **asdict(scales.pop(layer.name)),
            )
    left_over = [*tensors, *scales]
    if left_over:
        raise FirelineError(f"holds an unexpected {left_over[0]!r}; {AGAIN}")
    return QuantizedNetwork(
        architecture,
        header.pad_value,
        convs,
        header.skips,
        header.score_scale,
        header.score_offset,
        header.class_names,
        header.notes,
    )
