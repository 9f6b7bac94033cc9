"""The parts that a network is stacked from: preprocessing, conv1, pools and Fires."""

import enum
import math
from dataclasses import dataclass
from typing import TypeGuard

from ...errors import FirelineError


@dataclass(frozen=True)
class Preprocessing:
    """Maps pixels 0..255 to the network's input: ``(pixel * scale - mean) / std`` per channel."""

    order: str  # of the input's channels: "rgb", "bgr" or "grey"
    scale: float  # above zero; 1/255 if the network was trained on 0..1, 1.0 if on 0..255
    mean: tuple[float, ...]  # one per channel, in `order`
    std: tuple[float, ...]  # one per channel, in `order`; above zero

    def check(self, where: str, channels: int) -> None:
        """Raises FirelineError, which begins with ``where``, unless it suits that many channels."""
        orders = ("grey",) if channels == 1 else ("rgb", "bgr")
        if self.order not in orders:
            raise FirelineError(
                f"{where}: order is {self.order!r}; use {' or '.join(orders)} "
                f"for {channels} input channels"
            )
        for what, values in (("mean", self.mean), ("std", self.std)):
            if not isinstance(values, tuple) or len(values) != channels:
                raise FirelineError(f"{where}: {what} is {values!r}; use {channels} numbers")
        for value in (self.scale, *self.mean, *self.std):
            check_number(where, "a number of scale, mean and std", value)
        if min(self.scale, *self.std) <= 0:
            raise FirelineError(f"{where}: scale or std is not above zero; use numbers above zero")


PREPROCESSINGS = {
    "torchvision": Preprocessing("rgb", 1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "caffe": Preprocessing("bgr", 1.0, (104.0, 117.0, 123.0), (1.0, 1.0, 1.0)),
}


class Bypass(enum.Enum):
    """The value added to a Fire's output: none, its input, or a 1x1 convolution of its input."""

    NONE = "none"
    SIMPLE = "simple"
    COMPLEX = "complex"


@dataclass(frozen=True)
class Conv1:
    """The first convolution, with ReLU."""

    channels: int  # output channels, 1..4096
    kernel: int  # 1, 3, 5 or 7
    stride: int  # 1..16
    padding: int  # 0..kernel-1

    def check(self, where: str) -> None:
        """Raises FirelineError, which begins with ``where``, for a value out of range."""
        check_integer(where, "conv1's channels", self.channels, 1, 4096)
        if type(self.kernel) is not int or self.kernel not in (1, 3, 5, 7):
            raise FirelineError(f"{where}: kernel is {self.kernel!r}; use 1, 3, 5 or 7")
        check_integer(where, "stride", self.stride, 1, 16)
        check_integer(where, "padding", self.padding, 0, self.kernel - 1)


@dataclass(frozen=True)
class MaxPool:
    """Max pooling with stride 2, by default SqueezeNet's: 3x3 in ceil mode.

    The sizes are those of PyTorch and ONNX.
    """

    kernel: int = 3  # 2 or 3
    ceil: bool = True  # whether a window may overhang the bottom and the right
    padding: int = 0  # 0 or 1, pixels on each side that no maximum counts; 1 only without `ceil`

    def windows(self, side: int) -> tuple[range, ...]:
        """The pixels of each window along an axis of ``side`` pixels; none if it is too short."""
        room = side + 2 * self.padding - self.kernel + self.ceil
        starts = range(-self.padding, 2 * (room // 2 + 1) - self.padding, 2)
        return tuple(range(max(at, 0), min(at + self.kernel, side)) for at in starts)

    def check(self, where: str) -> None:
        """Raises FirelineError, which begins with ``where``, for a value out of range."""
        check_integer(where, "the max pool's kernel", self.kernel, 2, 3)
        check_integer(where, "the max pool's padding", self.padding, 0, 1)
        if not isinstance(self.ceil, bool):
            raise FirelineError(f"{where}: ceil is {self.ceil!r}; use true or false")
        if self.ceil and self.padding:
            raise FirelineError(f"{where}: a max pool has padding 1 and ceil; use ceil = false")


MAX_POOLS = (
    MaxPool(),
    MaxPool(2, ceil=False),
    MaxPool(3, ceil=False),
    MaxPool(2),
    MaxPool(3, ceil=False, padding=1),
    MaxPool(2, ceil=False, padding=1),
)
"""Every max pool. Where several have the same windows, a file is read as the first of them."""


@dataclass(frozen=True)
class Fire:
    """``concat(relu(expand1x1(s)), relu(expand3x3(s)))``, where ``s = relu(squeeze(x))``.

    A simple bypass adds ``x``; a complex one adds ``relu(bypass(x))``.
    """

    squeeze: int  # output channels of each convolution, 1..4096
    expand1x1: int
    expand3x3: int
    bypass: Bypass = Bypass.NONE

    @classmethod
    def from_ratios(
        cls,
        expand: int,
        share_3x3: float,
        squeeze_ratio: float,
        bypass: Bypass = Bypass.NONE,
    ) -> "Fire":
        """A Fire from its output channels and the two ratios of the SqueezeNet paper's section 5.

        ``share_3x3`` is expand3x3 channels divided by output channels, ``squeeze_ratio`` squeeze
        channels divided by output channels.
        """
        expand3x3 = round(expand * share_3x3)
        return cls(round(expand * squeeze_ratio), expand - expand3x3, expand3x3, bypass)

    @property
    def channels(self) -> int:
        """Output channels."""
        return self.expand1x1 + self.expand3x3

    def check(self, where: str) -> None:
        """Raises FirelineError, which begins with ``where``, for a value out of range."""
        check_integer(where, "squeeze", self.squeeze, 1, 4096)
        check_integer(where, "expand1x1", self.expand1x1, 1, 4096)
        check_integer(where, "expand3x3", self.expand3x3, 1, 4096)
        if not isinstance(self.bypass, Bypass):
            raise FirelineError(f"{where}: bypass is {self.bypass!r}; use none, simple or complex")


Stage = Conv1 | MaxPool | Fire


def check_integer(where: str, what: str, value: object, low: int, high: int) -> None:
    """Raises FirelineError unless the value is an integer from ``low`` to ``high``."""
    if type(value) is not int or not low <= value <= high:
        raise FirelineError(f"{where}: {what} is {value!r}; use an integer from {low} to {high}")


def check_number(
    where: str, what: str, value: object, low: float | None = None, high: float | None = None
) -> None:
    """Raises FirelineError unless the value is a finite int or float, from ``low`` to ``high``."""
    if not is_number(value):
        raise FirelineError(f"{where}: {what} is {value!r}; use a finite number")
    if (low is not None and value < low) or (high is not None and value > high):
        raise FirelineError(f"{where}: {what} is {value!r}; use a number from {low} to {high}")


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether the value is an int or a float that float64 holds as a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an int beyond float64
        return False
