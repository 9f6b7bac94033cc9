"""Networks by name and by file: the SqueezeNet family, the shipped network, TOML files."""

import dataclasses
import tomllib
from pathlib import Path

from ...errors import FirelineError
from .architecture import Architecture, read_bypass
from .stage import (
    PREPROCESSINGS,
    Bypass,
    Conv1,
    Fire,
    MaxPool,
    Preprocessing,
    Stage,
    check_integer,
    check_number,
)
from .variants import vary

NETWORKS = Path(__file__).with_name("shipped")  # the shipped network: TOML, weights, samples
SHIPPED = ("cifar10",)
FAMILIES = ("squeezenet1_0", "squeezenet1_1")


def fire_stack(
    name: str,
    conv1: Conv1,
    pools_after: tuple[int, ...],
    *,
    fires: int = 8,
    base_e: int = 128,
    incr_e: int = 128,
    freq: int = 2,
    pct_3x3: float = 0.5,
    squeeze_ratio: float = 0.125,
    size: int = 224,
    classes: int = 1000,
    preprocessing: Preprocessing = PREPROCESSINGS["torchvision"],
) -> Architecture:
    """A network from the metaparameters of the SqueezeNet paper's section 5.

    Fire i (from 0) has ``base_e + incr_e * (i // freq)`` output channels, of which the share
    ``pct_3x3`` comes from 3x3 filters, and ``squeeze_ratio`` times as many squeeze channels.
    ``pools_after`` counts conv1 as 1 and the first Fire as 2.
    """
    check_integer(f"network {name}", "fires", fires, 0, 64)
    check_integer(f"network {name}", "freq", freq, 1, 64)
    stages: list[Stage] = [conv1]
    for index in range(fires):
        if index + 1 in pools_after:
            stages.append(MaxPool())
        expand = base_e + incr_e * (index // freq)
        stages.append(Fire.from_ratios(expand, pct_3x3, squeeze_ratio))
    if fires + 1 in pools_after:
        stages.append(MaxPool())
    return Architecture(name, 3, size, size, preprocessing, tuple(stages), classes)


def family(
    name: str, bypass: Bypass = Bypass.NONE, size: int = 224, classes: int = 1000
) -> Architecture:
    """SqueezeNet 1.0 or 1.1 with torchvision's shapes, for pictures of size x size pixels.

    A bypass is placed as in the paper: simple on Fires 3, 5, 7 and 9; with Bypass.COMPLEX there is
    also a complex one on Fires 2, 4, 6 and 8.
    """
    match name:
        case "squeezenet1_0":
            conv1, pools_after = Conv1(96, 7, 2, 0), (1, 4, 8)
        case "squeezenet1_1":
            conv1, pools_after = Conv1(64, 3, 2, 0), (1, 3, 5)
        case _:
            raise FirelineError(f"unknown network family {name!r}; use {' or '.join(FAMILIES)}")
    vanilla = fire_stack(name, conv1, pools_after, size=size, classes=classes)
    return vary(vanilla, bypass=bypass)


def resolve(name: str | Path) -> Architecture:
    """The network of that name (``squeezenet1_1``, ``cifar10``, ``squeezenet1_0-simple``, ...) or
    TOML file; FirelineError if there is none."""
    text = str(name)
    if text.endswith(".toml"):
        return load_toml(text)
    base, _, bypass = text.partition("-")
    if bypass in ("", "simple", "complex"):
        if base in FAMILIES:
            return family(base, Bypass(bypass or "none"))
        if base in SHIPPED:
            return vary(load_toml(NETWORKS / f"{base}.toml"), bypass=Bypass(bypass or "none"))
    raise FirelineError(
        f"unknown network {text!r}; use {', '.join((*FAMILIES, *SHIPPED))} (also with -simple or "
        "-complex) or a file that ends in .toml"
    )


def load_toml(path: str | Path) -> Architecture:
    """The network that a TOML file describes; FirelineError, naming the file, if it does not.

    Either a family in another size::

        family = "squeezenet1_1-simple"
        size = 96
        classes = 10
        preprocessing = "caffe"   # if not torchvision's

    or any stack, the Fires by their widths or by their ratios::

        name = "tiny"
        input = { channels = 3, height = 32, width = 32 }
        preprocessing = "torchvision"   # or "caffe", or { order, scale, mean, std }
        stages = [
            { conv1 = 32, kernel = 3, stride = 1, padding = 1 },
            "maxpool",
            { squeeze = 16, expand1x1 = 48, expand3x3 = 48 },
            { expand = 96, share_3x3 = 0.5, squeeze_ratio = 0.125, bypass = "simple" },
        ]
        classes = 10
    """
    path = Path(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FirelineError(f"network file {path}: no such file; check the path") from error
    except OSError as error:
        raise FirelineError(f"network file {path}: {error.strerror}; check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FirelineError(f"network file {path}: not a TOML file: {error}") from error
    try:
        return _from_toml(data)
    except FirelineError as error:
        raise FirelineError(f"network file {path}: {error}") from error


def _from_toml(data: dict[str, object]) -> Architecture:
    if "family" in data:
        preprocessing = _preprocessing(data.pop("preprocessing", "torchvision"))
        _check_keys("the file", data, ("family", "size", "classes"))
        base, _, bypass = str(data["family"]).partition("-")
        bypass = read_bypass("family", bypass or "none")
        architecture = family(base, bypass, data["size"], data["classes"])
        return dataclasses.replace(architecture, preprocessing=preprocessing)
    _check_keys("the file", data, ("name", "input", "preprocessing", "stages", "classes"))
    _check_keys("input", data["input"], ("channels", "height", "width"))
    if not isinstance(data["stages"], list):
        raise FirelineError("stages is not an array; use [conv1, ...]")
    return Architecture(
        name=data["name"],
        **data["input"],
        preprocessing=_preprocessing(data["preprocessing"]),
        stages=tuple(_stage(f"stages[{i}]", stage) for i, stage in enumerate(data["stages"])),
        classes=data["classes"],
    )


def _preprocessing(data: object) -> Preprocessing:
    if isinstance(data, str):
        if data not in PREPROCESSINGS:
            names = ", ".join(PREPROCESSINGS)
            raise FirelineError(f"preprocessing is {data!r}; use {names} or a table")
        return PREPROCESSINGS[data]
    _check_keys("preprocessing", data, ("order", "scale", "mean", "std"))
    lists = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
    return Preprocessing(**lists)


def _stage(where: str, data: object) -> Stage:
    if data == "maxpool":
        return MaxPool()
    if isinstance(data, dict) and "conv1" in data:
        _check_keys(where, data, ("conv1", "kernel", "stride", "padding"))
        return Conv1(data["conv1"], data["kernel"], data["stride"], data["padding"])
    if not isinstance(data, dict):
        raise FirelineError(f'{where} is {data!r}; use "maxpool", a conv1 or a Fire')
    widths = {key: value for key, value in data.items() if key != "bypass"}
    bypass = read_bypass(where, data.get("bypass", "none"))
    if "expand" not in data:
        _check_keys(where, widths, ("squeeze", "expand1x1", "expand3x3"))
        return Fire(**widths, bypass=bypass)
    _check_keys(where, widths, ("expand", "share_3x3", "squeeze_ratio"))
    check_integer(where, "expand", widths["expand"], 2, 8192)
    for what in ("share_3x3", "squeeze_ratio"):
        check_number(where, what, widths[what])
    return Fire.from_ratios(**widths, bypass=bypass)


def _check_keys(where: str, data: object, names: tuple[str, ...]) -> None:
    if not isinstance(data, dict):
        raise FirelineError(f"{where} is {data!r}; use a table of {', '.join(names)}")
    for name in names:
        if name not in data:
            raise FirelineError(f"{where} lacks {name!r}; add it")
    for key in data:
        if key not in names:
            raise FirelineError(f"{where} has the unknown key {key!r}; use {', '.join(names)}")
