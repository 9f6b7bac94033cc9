"""Architectures of the SqueezeNet family: a stack of stages and the layers in them."""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...errors import FirelineError
from .layer import EXPANDS, Layer, LayerKind
from .stage import PREPROCESSINGS, Bypass, Conv1, Fire, MaxPool, Preprocessing, Stage, check_integer

__all__ = [
    "EXPANDS",
    "PREPROCESSINGS",
    "Architecture",
    "Bypass",
    "Conv1",
    "Fire",
    "Layer",
    "LayerKind",
    "MaxPool",
    "Preprocessing",
    "Stage",
]

Shape = tuple[int, int, int]  # channels, height, width
MOST_STAGES = 128
MOST_WEIGHTS = 1 << 25
"""Of a network; SqueezeNet has 1.2 million, and the largest ECP5 holds a million on the chip."""
MOST_VALUES = 1 << 26
"""Of a map; the largest of SqueezeNet 1.0 with an input of 1024x1024 pixels has 25 million."""
NAME = r"[A-Za-z0-9_.-]{1,64}"
"""What a network's name matches."""
STAGES: dict[str, type[Stage]] = {"conv1": Conv1, "maxpool": MaxPool, "fire": Fire}
"""The stages by their names in a dictionary."""


@dataclass(frozen=True)
class Architecture:
    """A network's shape: input, stages, then a 1x1 classifier and the global average.

    Raises FirelineError when a value is out of range or the stages do not fit together.
    """

    name: str  # 1 to 64 letters, digits, "_", "-" and "."
    channels: int  # of the input: 1 (grey) or 3
    height: int  # of the input in pixels, 1..1024
    width: int
    preprocessing: Preprocessing
    stages: tuple[Stage, ...]
    classes: int  # 1..4096
    last_relu: bool = True  # between the classifier and the average

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch(NAME, self.name):
            raise FirelineError(
                f"network name {self.name!r}: use 1 to 64 letters, digits, '_', '-' and '.'"
            )
        where = f"network {self.name}"
        if type(self.channels) is not int or self.channels not in (1, 3):
            raise FirelineError(f"{where}: {self.channels!r} input channels; use 1 or 3")
        check_integer(where, "input height", self.height, 1, 1024)
        check_integer(where, "input width", self.width, 1, 1024)
        check_integer(where, "number of classes", self.classes, 1, 4096)
        if type(self.last_relu) is not bool:
            raise FirelineError(f"{where}: last_relu is {self.last_relu!r}; use true or false")
        self.preprocessing.check(f"{where}: preprocessing", self.channels)
        if not self.stages or not isinstance(self.stages[0], Conv1):
            raise FirelineError(f"{where}: stages[0] is not the conv1; put it first")
        if len(self.stages) > MOST_STAGES:
            raise FirelineError(f"{where}: {len(self.stages)} stages; use at most {MOST_STAGES}")
        self._check_size(where)

    def _check_size(self, where: str) -> None:
        """Raises FirelineError for more weights or a larger map than a computer can work on."""
        weights = 0
        for layer in self.layers():
            weights += layer.weights
            values = layer.output_channels * layer.output_height * layer.output_width
            if values > MOST_VALUES:
                raise FirelineError(
                    f"{where}: layer {layer.name} makes a map of {values:,} values; use at most "
                    f"{MOST_VALUES:,}, with fewer channels or a smaller input"
                )
        if weights > MOST_WEIGHTS:
            raise FirelineError(
                f"{where}: {weights:,} weights; use at most {MOST_WEIGHTS:,}, with fewer channels"
            )

    def layers(self) -> tuple[Layer, ...]:
        """All layers in execution order."""
        return tuple(_walk(self))

    def layer(self, name: str) -> Layer:
        """The layer of that name; KeyError if there is none."""
        return {layer.name: layer for layer in self.layers()}[name]

    def layers_by_stage(self) -> tuple[dict[LayerKind, Layer], ...]:
        """The layers of each stage by kind; the last entry holds the classifier and the average."""
        stages: list[dict[LayerKind, Layer]] = [{} for _ in range(len(self.stages) + 1)]
        for layer in self.layers():
            stages[layer.stage][layer.kind] = layer
        return tuple(stages)

    @property
    def classifier(self) -> Layer:
        """The classifier's convolution, the last layer with weights."""
        return self.layers_by_stage()[-1][LayerKind.CLASSIFIER]

    def to_dict(self) -> dict[str, object]:
        """The architecture as dictionaries, lists, strings and numbers, ready for JSON.

        ``last_relu`` stands there only if it is false, so files without it keep their meaning.
        """
        data = dataclasses.asdict(self) | {
            "preprocessing": _lists(dataclasses.asdict(self.preprocessing)),
            "stages": [_stage_to_dict(stage) for stage in self.stages],
        }
        if self.last_relu:
            del data["last_relu"]
        return data

    @classmethod
    def from_dict(cls, data: object) -> "Architecture":
        """The inverse of ``to_dict``.

        Raises FirelineError for data that ``to_dict`` of a valid architecture does not return.
        """
        where = "network description"
        if isinstance(data, dict):
            data = {"last_relu": True, **data}
        values = _exact_fields(where, data, cls)
        part = f"{where}: preprocessing"
        preprocessing = _exact_fields(part, values["preprocessing"], Preprocessing)
        for what in ("mean", "std"):
            preprocessing[what] = tuple(_as_list(f"{part}: {what}", preprocessing[what]))
        values["preprocessing"] = Preprocessing(**preprocessing)
        stages = _as_list(f"{where}: stages", values["stages"])
        values["stages"] = tuple(
            _stage_from_dict(f"{where}: stages[{index}]", stage)
            for index, stage in enumerate(stages)
        )
        return cls(**values)


def _walk(architecture: Architecture) -> Iterator[Layer]:
    """The layers in execution order, each checked against the map that it reads."""
    shape = (architecture.channels, architecture.height, architecture.width)
    pools, fires, last = 0, 0, None
    for index, stage in enumerate(architecture.stages):
        where = f"network {architecture.name}: stages[{index}]"
        if not isinstance(stage, Stage):
            raise FirelineError(f"{where} is {stage!r}; use a conv1, a max pool or a Fire")
        stage.check(where)
        match stage:
            case Conv1() if index:
                raise FirelineError(f"{where} is a second conv1; remove it")
            case Conv1():
                layers = [_conv1(where, index, shape, stage)]
            case MaxPool() if isinstance(last, MaxPool):
                raise FirelineError(f"{where} is a second pool in a row; remove one")
            case MaxPool():
                pools += 1
                layers = [_pool(where, f"pool{pools}", index, shape, stage)]
            case Fire():
                fires += 1
                layers = _fire(where, f"fire{fires + 1}", index, shape, stage)
        yield from layers
        channels = shape[0] if isinstance(stage, MaxPool) else stage.channels
        shape = (channels, layers[0].output_height, layers[0].output_width)
        last = stage
    end = len(architecture.stages)
    name, classes = f"conv{fires + 2}", architecture.classes
    yield _convolution(name, LayerKind.CLASSIFIER, end, shape, classes)
    yield Layer(
        "average", LayerKind.AVERAGE, end, "average", classes, *shape[1:], classes, 1, 1, 0, 0, 0
    )


def _conv1(where: str, index: int, shape: Shape, conv1: Conv1) -> Layer:
    side = min(shape[1:]) + 2 * conv1.padding
    if conv1.kernel > side:
        raise FirelineError(
            f"{where}: a {conv1.kernel}x{conv1.kernel} kernel does not fit into the padded input, "
            f"which is {side} pixels high or wide; use a smaller kernel or a larger input"
        )
    return _convolution(
        "conv1", LayerKind.CONV1, index, shape, conv1.channels,
        conv1.kernel, conv1.stride, conv1.padding,
    )  # fmt: skip


def _pool(where: str, name: str, index: int, shape: Shape, pool: MaxPool) -> Layer:
    channels, height, width = shape
    size = len(pool.windows(height)), len(pool.windows(width))
    if min(height, width) < 2 or 0 in size:
        raise FirelineError(
            f"{where}: a map of {height}x{width} pixels is too small for a "
            f"{pool.kernel}x{pool.kernel} pool; remove a pool or use a larger input"
        )
    return Layer(
        name, LayerKind.POOL, index, name, *shape, channels, *size, pool.kernel, 2, pool.padding
    )


def _fire(where: str, name: str, index: int, shape: Shape, fire: Fire) -> list[Layer]:
    if fire.bypass is Bypass.SIMPLE and shape[0] != fire.channels:
        raise FirelineError(
            f"{where}: a simple bypass needs as many channels out as in, but this Fire has "
            f"{shape[0]} in and {fire.channels} out; use a complex bypass or none"
        )
    squeezed = (fire.squeeze, *shape[1:])

    def convolution(
        kind: LayerKind, shape: Shape, channels: int, kernel: int = 1, padding: int = 0
    ) -> Layer:
        own_name = f"{name}/{kind.value}"
        return _convolution(
            own_name, kind, index, shape, channels, kernel, padding=padding, stage_name=name
        )

    layers = [
        convolution(LayerKind.SQUEEZE, shape, fire.squeeze),
        convolution(LayerKind.EXPAND1X1, squeezed, fire.expand1x1),
        convolution(LayerKind.EXPAND3X3, squeezed, fire.expand3x3, 3, 1),
    ]
    if fire.bypass is Bypass.COMPLEX:
        layers.append(convolution(LayerKind.BYPASS, shape, fire.channels))
    return layers


def _convolution(
    name: str,
    kind: LayerKind,
    stage: int,
    shape: Shape,
    channels: int,
    kernel: int = 1,
    stride: int = 1,
    padding: int = 0,
    stage_name: str | None = None,
) -> Layer:
    """A convolution; ``stage_name`` is its own name by default."""
    height, width = ((side + 2 * padding - kernel) // stride + 1 for side in shape[1:])
    size = channels, height, width
    return Layer(name, kind, stage, stage_name or name, *shape, *size, kernel, stride, padding)


def _stage_to_dict(stage: Stage) -> dict[str, object]:
    kind = next(name for name, kind in STAGES.items() if isinstance(stage, kind))
    fields: dict[str, object] = dataclasses.asdict(stage)
    # SqueezeNet's own pool is a kind alone, as in files of versions that had no other.
    values = {"kind": kind, **({} if fields == _defaults(type(stage)) else fields)}
    return values | {"bypass": stage.bypass.value} if isinstance(stage, Fire) else values


def _defaults(kind: type[Stage]) -> dict[str, object]:
    """The fields that a stage in a dictionary may lack: those of SqueezeNet's own pool."""
    return dataclasses.asdict(MaxPool()) if kind is MaxPool else {}


def _stage_from_dict(where: str, data: object) -> Stage:
    if not isinstance(data, dict) or data.get("kind") not in list(STAGES):
        raise FirelineError(f"{where}: {data!r} is not a stage; use the kind {', '.join(STAGES)}")
    kind = STAGES[data["kind"]]
    given = {k: v for k, v in data.items() if k != "kind"}
    values = _exact_fields(where, _defaults(kind) | given, kind)
    if kind is Fire:
        values["bypass"] = read_bypass(where, values["bypass"])
    return kind(**values)


def read_bypass(where: str, text: object) -> Bypass:
    """The bypass of that name; FirelineError, which begins with ``where``, if there is none."""
    names = [bypass.value for bypass in Bypass]
    if text not in names:
        raise FirelineError(f"{where}: bypass is {text!r}; use {', '.join(names)}")
    return Bypass(text)


def _exact_fields(where: str, data: object, kind: type) -> dict[str, Any]:
    """A copy of the dictionary; FirelineError unless its keys are the dataclass's fields."""
    if not isinstance(data, dict):
        raise FirelineError(f"{where}: {data!r} is not a table; quantize the network again")
    names = {field.name for field in dataclasses.fields(kind)}
    for what, keys in (
        ("lacks", names - data.keys()),
        ("has the unknown key", data.keys() - names),
    ):
        if keys:
            raise FirelineError(
                f"{where} {what} {min(map(str, keys))!r}; quantize the network again"
            )
    return dict(data)


def _as_list(where: str, data: object) -> list[object]:
    if not isinstance(data, list):
        raise FirelineError(f"{where}: {data!r} is not a list; quantize the network again")
    return data


def _lists(values: dict[str, object]) -> dict[str, object]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}
