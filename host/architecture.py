"""The shape of a SqueezeNet-family network: stages in, operators with their shapes out."""

import enum
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import FirelineError


class Bypass(enum.Enum):
    """What is added to a Fire's output: nothing, its input, or a 1x1 convolution of its input."""

    NONE = "none"
    SIMPLE = "simple"
    COMPLEX = "complex"


class LayerKind(enum.Enum):
    """What an operator does."""

    CONV1 = "conv1"
    POOL = "pool"
    SQUEEZE = "squeeze"
    EXPAND1X1 = "expand1x1"
    EXPAND3X3 = "expand3x3"
    BYPASS = "bypass"
    CLASSIFIER = "classifier"
    AVERAGE = "average"


@dataclass(frozen=True)
class Preprocessing:
    """From pixels 0..255 to what the network sees: ``(pixel * scale - mean) / std`` a channel."""

    order: str  # "rgb", "bgr" or "grey": the order of the channels that the network sees
    scale: float  # 1/255 for networks trained on 0..1, 1.0 for those trained on 0..255
    mean: tuple[float, ...]  # a channel, in `order`
    std: tuple[float, ...]  # a channel, in `order`; above zero


@dataclass(frozen=True)
class Conv1:
    """The first convolution, with ReLU."""

    channels: int  # output channels, 1..4096
    kernel: int  # 1, 3, 5 or 7
    stride: int  # 1..16
    padding: int  # 0..kernel-1


@dataclass(frozen=True)
class MaxPool:
    """Max pooling, 3x3 with stride 2 in ceil mode: a side of n becomes n // 2."""


@dataclass(frozen=True)
class Fire:
    """``concat(relu(expand1x1(s)), relu(expand3x3(s)))`` of ``s = relu(squeeze(x))``.

    A simple bypass adds ``x``, a complex one ``relu(bypass(x))``.
    """

    squeeze: int  # output channels of each convolution, 1..4096
    expand1x1: int
    expand3x3: int
    bypass: Bypass = Bypass.NONE

    @property
    def channels(self) -> int:
        """Output channels."""
        return self.expand1x1 + self.expand3x3


Stage = Conv1 | MaxPool | Fire


@dataclass(frozen=True)
class Layer:
    """One operator, in execution order; shapes in channels and pixels."""

    name: str  # "conv1", "pool1", "fire2/squeeze", ..., "conv10", "average"
    kind: LayerKind
    stage: int  # index into the architecture's stages; their number for classifier and average
    input_channels: int
    input_height: int
    input_width: int
    output_channels: int
    output_height: int
    output_width: int
    kernel: int  # 0 for the average, which spans the map
    stride: int  # 0 for the average
    padding: int

    @property
    def is_convolution(self) -> bool:
        """Whether the operator has weights."""
        return self.kind not in (LayerKind.POOL, LayerKind.AVERAGE)

    @property
    def weights(self) -> int:
        """Number of weights, without the biases."""
        taps = self.kernel**2 if self.is_convolution else 0
        return self.output_channels * self.input_channels * taps

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return self.weights + (self.output_channels if self.is_convolution else 0)

    @property
    def macs(self) -> int:
        """Multiply-accumulate operations a frame; taps on the padding count."""
        return self.weights * self.output_height * self.output_width


@dataclass(frozen=True)
class Architecture:
    """A network: input, stages, then 1x1 classifier, ReLU and global average.

    Raises FirelineError when a value is out of range or the stages do not fit together.
    """

    name: str  # letters, digits, "_", "-" and "."
    channels: int  # of the input: 1 (grey) or 3
    height: int  # of the input in pixels, 1..1024
    width: int
    preprocessing: Preprocessing
    stages: tuple[Stage, ...]
    classes: int  # 1..4096

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch(r"[\w.-]{1,64}", self.name):
            raise FirelineError(
                f"network name {self.name!r}: use 1 to 64 letters, digits, '_', '-' or '.'"
            )
        where = f"network {self.name}"
        if type(self.channels) is not int or self.channels not in (1, 3):
            raise FirelineError(f"{where}: {self.channels!r} input channels; use 1 or 3")
        _check_integer(where, "input height", self.height, 1, 1024)
        _check_integer(where, "input width", self.width, 1, 1024)
        _check_integer(where, "classes", self.classes, 1, 4096)
        _check_preprocessing(where, self.preprocessing, self.channels)
        for index, stage in enumerate(self.stages):
            _check_stage(f"{where}: stages[{index}]", stage)
        _check_order(where, self.stages)
        self.layers()

    def layers(self) -> tuple[Layer, ...]:
        """All operators in execution order."""
        return tuple(_walk(self))

    def layer(self, name: str) -> Layer:
        """The operator of that name; KeyError if there is none."""
        for layer in self.layers():
            if layer.name == name:
                return layer
        raise KeyError(name)


def _walk(architecture: Architecture) -> Iterator[Layer]:
    """The operators, each checked against the map it receives."""
    shape = (architecture.channels, architecture.height, architecture.width)
    pools, fire = 0, 1
    for index, stage in enumerate(architecture.stages):
        where = f"network {architecture.name}: stages[{index}]"
        match stage:
            case Conv1():
                smallest = min(shape[1:]) + 2 * stage.padding
                if stage.kernel > smallest:
                    raise FirelineError(
                        f"{where}: a {stage.kernel}x{stage.kernel} kernel does not fit the padded "
                        f"input of {smallest} pixels; use a smaller kernel or more padding"
                    )
                layers = [_convolution("conv1", LayerKind.CONV1, index, shape, *_geometry(stage))]
            case MaxPool():
                if min(shape[1:]) < 2:
                    raise FirelineError(
                        f"{where}: a {shape[1]}x{shape[2]} map is too small to pool; "
                        "remove a pool or enlarge the input"
                    )
                pools += 1
                output = (shape[0], shape[1] // 2, shape[2] // 2)
                layers = [Layer(f"pool{pools}", LayerKind.POOL, index, *shape, *output, 3, 2, 0)]
            case Fire():
                fire += 1
                layers = list(_fire_layers(f"fire{fire}", index, shape, stage))
                if stage.bypass is Bypass.SIMPLE and shape[0] != stage.channels:
                    raise FirelineError(
                        f"{where}: a simple bypass needs equal channel counts, but {shape[0]} "
                        f"enter and {stage.channels} leave; use a complex bypass or none"
                    )
        yield from layers
        last = layers[-1]
        channels = stage.channels if isinstance(stage, Fire) else last.output_channels
        shape = (channels, last.output_height, last.output_width)
    end = len(architecture.stages)
    head = _convolution(f"conv{fire + 1}", LayerKind.CLASSIFIER, end, shape, architecture.classes)
    yield head
    classes, height, width = head.output_channels, head.output_height, head.output_width
    yield Layer(
        "average", LayerKind.AVERAGE, end, classes, height, width, classes, 1, 1, 0, 0, 0
    )


def _fire_layers(
    name: str, index: int, shape: tuple[int, int, int], fire: Fire
) -> Iterator[Layer]:
    squeezed = (fire.squeeze, *shape[1:])
    yield _convolution(f"{name}/squeeze", LayerKind.SQUEEZE, index, shape, fire.squeeze)
    yield _convolution(f"{name}/expand1x1", LayerKind.EXPAND1X1, index, squeezed, fire.expand1x1)
    yield _convolution(
        f"{name}/expand3x3", LayerKind.EXPAND3X3, index, squeezed, fire.expand3x3, 3, 1, 1
    )
    if fire.bypass is Bypass.COMPLEX:
        yield _convolution(f"{name}/bypass", LayerKind.BYPASS, index, shape, fire.channels)


def _geometry(conv1: Conv1) -> tuple[int, int, int, int]:
    return conv1.channels, conv1.kernel, conv1.stride, conv1.padding


def _convolution(
    name: str,
    kind: LayerKind,
    stage: int,
    shape: tuple[int, int, int],
    channels: int,
    kernel: int = 1,
    stride: int = 1,
    padding: int = 0,
) -> Layer:
    height, width = ((side + 2 * padding - kernel) // stride + 1 for side in shape[1:])
    return Layer(
        name, kind, stage, *shape, channels, height, width, kernel, stride, padding
    )


def _check_integer(where: str, what: str, value: object, low: int, high: int) -> None:
    if type(value) is not int or not low <= value <= high:
        raise FirelineError(f"{where}: {what} is {value!r}; use an integer from {low} to {high}")


def _check_preprocessing(where: str, preprocessing: Preprocessing, channels: int) -> None:
    where = f"{where}: preprocessing"
    if not isinstance(preprocessing, Preprocessing):
        raise FirelineError(f"{where} is {preprocessing!r}; use a Preprocessing")
    orders = ("grey",) if channels == 1 else ("rgb", "bgr")
    if preprocessing.order not in orders:
        raise FirelineError(
            f"{where}: order is {preprocessing.order!r}; "
            f"use {' or '.join(orders)} for {channels} input channels"
        )
    for what in ("mean", "std"):
        values = getattr(preprocessing, what)
        if not isinstance(values, tuple) or len(values) != channels:
            raise FirelineError(f"{where}: {what} is {values!r}; use {channels} numbers")
    for value in (preprocessing.scale, *preprocessing.mean, *preprocessing.std):
        if type(value) not in (int, float) or not math.isfinite(value):
            raise FirelineError(f"{where}: {value!r} is not a finite number")
    if min(preprocessing.scale, *preprocessing.std) <= 0:
        raise FirelineError(f"{where}: scale and std must be above zero")


def _check_stage(where: str, stage: Stage) -> None:
    match stage:
        case Conv1():
            _check_integer(where, "conv1 channels", stage.channels, 1, 4096)
            if type(stage.kernel) is not int or stage.kernel not in (1, 3, 5, 7):
                raise FirelineError(f"{where}: kernel is {stage.kernel!r}; use 1, 3, 5 or 7")
            _check_integer(where, "stride", stage.stride, 1, 16)
            _check_integer(where, "padding", stage.padding, 0, stage.kernel - 1)
        case Fire():
            for what in ("squeeze", "expand1x1", "expand3x3"):
                _check_integer(where, what, getattr(stage, what), 1, 4096)
            if not isinstance(stage.bypass, Bypass):
                raise FirelineError(
                    f"{where}: bypass is {stage.bypass!r}; use none, simple or complex"
                )
        case MaxPool():
            pass
        case _:
            raise FirelineError(f"{where} is {stage!r}; use conv1, maxpool or a Fire")


def _check_order(where: str, stages: tuple[Stage, ...]) -> None:
    if not isinstance(stages, tuple) or not stages or not isinstance(stages[0], Conv1):
        raise FirelineError(f"{where}: stages[0] must be the conv1; put it first")
    for index in range(1, len(stages)):
        if isinstance(stages[index], Conv1):
            raise FirelineError(f"{where}: stages[{index}] is a second conv1; remove it")
        if isinstance(stages[index], MaxPool) and isinstance(stages[index - 1], MaxPool):
            raise FirelineError(f"{where}: stages[{index}] follows another pool; remove one")
