"""What the tensors of an ONNX file are, in the few terms of a SqueezeNet.

A term is an operator with the terms that it reads. `rewrite/` makes terms in their canonical form,
in which the importer finds the network.
"""

from dataclasses import dataclass

import numpy as np

from ...errors import FirelineError
from .graph import Node

Shape = tuple[int, int, int]  # channels, height, width
Pads = tuple[int, int, int, int]  # top, left, bottom, right


def more_pads(a: Pads, b: Pads) -> Pads:
    """One border around another."""
    return a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]


@dataclass(frozen=True, eq=False)
class Term:
    """A map [N, channels, height, width]."""

    node: Node  # for messages
    shape: Shape
    positive: bool  # whether no value is below zero, so that a ReLU changes nothing

    @property
    def channels(self) -> int:
        """Number of channels."""
        return self.shape[0]


@dataclass(frozen=True, eq=False)
class Pictures(Term):
    """The input of the file, normalised by the file: ``input * factor + offset``."""

    factor: np.ndarray  # float64 [channels]
    offset: np.ndarray
    integers: bool  # whether the input holds integers


@dataclass(frozen=True, eq=False)
class Convolution(Term):
    """A convolution with bias."""

    source: Term
    weight: np.ndarray  # float64 [cout, cin, k, k]
    bias: np.ndarray  # float64 [cout]
    strides: tuple[int, int]
    pads: Pads

    @property
    def stride(self) -> int:
        """Stride; FirelineError unless it is equal along both axes."""
        if len(set(self.strides)) > 1:
            raise FirelineError(f"{self.node.where} has strides {self.strides}; use equal strides")
        return self.strides[0]

    @property
    def padding(self) -> int:
        """Padding; FirelineError unless it is equal on all sides."""
        if len(set(self.pads)) > 1:
            raise FirelineError(
                f"{self.node.where} pads {self.pads} (top, left, bottom, right); train with equal "
                "padding on all sides"
            )
        return self.pads[0]

    def require(self, kernel: int) -> "Convolution":
        """Returns itself; FirelineError unless it has that kernel and keeps the size of a map."""
        found = self.weight.shape[2], self.stride, self.padding
        wanted = kernel, 1, kernel // 2
        if found != wanted:
            raise FirelineError(
                f"{self.node.where} has kernel, stride, padding {found} where {wanted} is "
                "expected; use a network of the SqueezeNet family"
            )
        return self


@dataclass(frozen=True, eq=False)
class Rectified(Term):
    """``max(source, 0)``."""

    source: Term


@dataclass(frozen=True, eq=False)
class Scaled(Term):
    """``source * factor + offset`` for each channel, which no convolution has taken up yet."""

    source: Term
    factor: np.ndarray  # float64 [channels]
    offset: np.ndarray


@dataclass(frozen=True, eq=False)
class Pooled(Term):
    """A max pool. Windows count no border."""

    source: Term
    kernel: tuple[int, int]
    strides: tuple[int, int]
    pads: Pads
    ceil: bool  # whether a window may overhang the bottom and the right


@dataclass(frozen=True, eq=False)
class Joined(Term):
    """The channels of several maps of one size."""

    sources: tuple[Term, ...]


@dataclass(frozen=True, eq=False)
class Summed(Term):
    """The sum of two maps of one shape."""

    sources: tuple[Term, Term]


@dataclass(frozen=True, eq=False)
class Averaged(Term):
    """The average over all pixels."""

    source: Term


@dataclass(frozen=True, eq=False)
class Padded(Term):
    """A map with a border of one value."""

    source: Term
    pads: Pads
    value: float


@dataclass(frozen=True, eq=False)
class Turned(Term):
    """A map with its axes in another order, such as NHWC; ``shape`` is that of the source."""

    source: Term
    order: tuple[int, ...]  # of the source's axes


@dataclass(frozen=True, eq=False)
class Flat(Term):
    """A map without its two axes of pixels, or with both of them as one."""

    source: Term


@dataclass(frozen=True, eq=False)
class HalfAveraged(Term):
    """The average over one axis of pixels."""

    source: Term
    axis: int  # 2 or 3


@dataclass(frozen=True, eq=False)
class Ranked(Term):
    """What keeps the order of the classes, such as softmax, or tells the best one."""

    source: Term


@dataclass(frozen=True, eq=False)
class Foreign(Term):
    """What no SqueezeNet has. It is refused when a map is made of it."""
