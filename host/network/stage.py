"""What a network is stacked from: preprocessing, the first convolution, pools and Fires."""

import enum
import math
from dataclasses import dataclass

from ...errors import FirelineError


@dataclass(frozen=True)
class Preprocessing:
    """From pixels 0..255 to what the network sees: ``(pixel * scale - mean) / std`` a channel."""

    order: str  # "rgb", "bgr" or "grey": the order of the channels that the network sees
    scale: float  # 1/255 for networks trained on 0..1, 1.0 for those trained on 0..255
    mean: tuple[float, ...]  # a channel, in `order`
    std: tuple[float, ...]  # a channel, in `order`; above zero

    def check(self, where: str, channels: int) -> None:
        """Raises FirelineError, beginning with ``where``, unless it suits that many channels."""
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
            check_number(where, "a value", value)
        if min(self.scale, *self.std) <= 0:
            raise FirelineError(f"{where}: scale and std must be above zero")


PREPROCESSINGS = {
    "torchvision": Preprocessing("rgb", 1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "caffe": Preprocessing("bgr", 1.0, (104.0, 117.0, 123.0), (1.0, 1.0, 1.0)),
}


class Bypass(enum.Enum):
    """What is added to a Fire's output: nothing, its input, or a 1x1 convolution of its input."""

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
        """Raises FirelineError, beginning with ``where``, for a value out of range."""
        check_integer(where, "conv1's channels", self.channels, 1, 4096)
        if type(self.kernel) is not int or self.kernel not in (1, 3, 5, 7):
            raise FirelineError(f"{where}: kernel is {self.kernel!r}; use 1, 3, 5 or 7")
        check_integer(where, "stride", self.stride, 1, 16)
        check_integer(where, "padding", self.padding, 0, self.kernel - 1)


@dataclass(frozen=True)
class MaxPool:
    """Max pooling, 3x3 with stride 2 in ceil mode: a side of n pixels becomes n // 2."""

    def check(self, where: str) -> None:
        """There is nothing to check."""


@dataclass(frozen=True)
class Fire:
    """``concat(relu(expand1x1(s)), relu(expand3x3(s)))`` of ``s = relu(squeeze(x))``.

    A simple bypass adds ``x``, a complex one ``relu(bypass(x))``.
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
        """A Fire by its output channels and the two ratios of the SqueezeNet paper's section 5."""
        expand3x3 = round(expand * share_3x3)
        return cls(round(expand * squeeze_ratio), expand - expand3x3, expand3x3, bypass)

    @property
    def channels(self) -> int:
        """Output channels."""
        return self.expand1x1 + self.expand3x3

    def check(self, where: str) -> None:
        """Raises FirelineError, beginning with ``where``, for a value out of range."""
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


def check_number(where: str, what: str, value: object) -> None:
    """Raises FirelineError unless the value is a finite int or float."""
    if type(value) not in (int, float) or not math.isfinite(value):
        raise FirelineError(f"{where}: {what} is {value!r}; use a finite number")
