"""Architectures in TOML files."""

import dataclasses
from pathlib import Path
from typing import Any

from ...errors import FirelineError
from .. import reading
from .architecture import Architecture, read_bypass
from .families import family
from .stage import (
    PREPROCESSINGS,
    Conv1,
    Fire,
    MaxPool,
    Preprocessing,
    Stage,
    check_integer,
    check_number,
)


def read_toml(path: str | Path) -> Architecture:
    """The architecture that a TOML file describes.

    Either a family in another size::

        family = "squeezenet1_1-simple"
        size = 96
        classes = 10
        preprocessing = "caffe"   # optional, "torchvision" by default
        last_relu = false         # optional, true by default

    or any stack, each Fire by its widths or by its ratios::

        name = "tiny"
        input = { channels = 3, height = 32, width = 32 }
        preprocessing = "torchvision"   # or "caffe", or { order, scale, mean, std }
        stages = [
            { conv1 = 32, kernel = 3, stride = 1, padding = 1 },
            "maxpool",
            { squeeze = 16, expand1x1 = 48, expand3x3 = 48 },
            { maxpool = 2 },
            { expand = 96, share_3x3 = 0.5, squeeze_ratio = 0.125, bypass = "simple" },
        ]
        classes = 10
        last_relu = false   # optional, true by default

    ``"maxpool"`` is ``{ maxpool = 3, ceil = true }``. In a table ``ceil`` and ``padding`` are false
    and 0 by default, as in PyTorch.

    Raises FirelineError, which names the file, when it cannot be read or is not valid.
    """
    data = reading.read_toml(path, "network file")
    try:
        return _architecture(data)
    except FirelineError as error:
        raise FirelineError(f"network file {path}: {error}") from error


def _architecture(data: dict[str, Any]) -> Architecture:
    last_relu = data.pop("last_relu", True)
    if "family" in data:
        preprocessing = _preprocessing(data.pop("preprocessing", "torchvision"))
        optional = ("preprocessing", "last_relu")
        _check_keys("the file", data, ("family", "size", "classes"), optional)
        base, _, bypass = str(data["family"]).partition("-")
        placed = read_bypass("family", bypass or "none")
        architecture = family(base, placed, data["size"], data["classes"])
        return dataclasses.replace(architecture, preprocessing=preprocessing, last_relu=last_relu)
    names = ("name", "input", "preprocessing", "stages", "classes")
    _check_keys("the file", data, names, ("last_relu",))
    _check_keys("input", data["input"], ("channels", "height", "width"))
    if not isinstance(data["stages"], list):
        raise FirelineError(f"stages is {data['stages']!r}; use an array that begins with conv1")
    return Architecture(
        name=data["name"],
        **data["input"],
        preprocessing=_preprocessing(data["preprocessing"]),
        stages=tuple(_stage(f"stages[{i}]", stage) for i, stage in enumerate(data["stages"])),
        classes=data["classes"],
        last_relu=last_relu,
    )


def _preprocessing(data: Any) -> Preprocessing:
    if isinstance(data, str):
        if data not in PREPROCESSINGS:
            names = ", ".join(PREPROCESSINGS)
            raise FirelineError(f"preprocessing is {data!r}; use {names} or a table")
        return PREPROCESSINGS[data]
    _check_keys("preprocessing", data, ("order", "scale", "mean", "std"))
    lists: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
    return Preprocessing(**lists)


def _stage(where: str, data: Any) -> Stage:
    if data == "maxpool":
        return MaxPool()
    if isinstance(data, dict) and "conv1" in data:
        _check_keys(where, data, ("conv1", "kernel", "stride", "padding"))
        return Conv1(data["conv1"], data["kernel"], data["stride"], data["padding"])
    if isinstance(data, dict) and "maxpool" in data:
        _check_keys(where, data, ("maxpool",), ("ceil", "padding"))
        return MaxPool(data["maxpool"], data.get("ceil", False), data.get("padding", 0))
    if not isinstance(data, dict):
        raise FirelineError(f'{where} is {data!r}; use "maxpool", a conv1 or a Fire')
    widths: dict[str, Any] = {key: value for key, value in data.items() if key != "bypass"}
    bypass = read_bypass(where, data.get("bypass", "none"))
    if "expand" not in data:
        _check_keys(where, widths, ("squeeze", "expand1x1", "expand3x3"), ("bypass",))
        return Fire(**widths, bypass=bypass)
    _check_keys(where, widths, ("expand", "share_3x3", "squeeze_ratio"), ("bypass",))
    check_integer(where, "expand", widths["expand"], 2, 8192)
    for what, greatest in (("share_3x3", 1), ("squeeze_ratio", 4096)):
        check_number(where, what, widths[what], 0, greatest)
    return Fire.from_ratios(**widths, bypass=bypass)


def _check_keys(
    where: str, data: object, names: tuple[str, ...], optional: tuple[str, ...] = ()
) -> None:
    """FirelineError unless ``data`` is a table with those keys, or optional ones beside them."""
    if not isinstance(data, dict):
        raise FirelineError(f"{where} is {data!r}; use a table with {', '.join(names)}")
    for name in names:
        if name not in data:
            raise FirelineError(f"{where} lacks {name!r}; add it")
    known = (*names, *optional)
    for key in data:
        if key not in known:
            raise FirelineError(f"{where} has the unknown key {key!r}; use {', '.join(known)}")
