"""What all readers of operators share: the terms and constants that a node reads."""

from dataclasses import dataclass, field
from math import prod

import numpy as np

from ....errors import FirelineError
from ..graph import Graph, Node
from ..terms import Flat, Foreign, Ranked, Term, Turned
from .advice import advice

MOST = 4096  # of a kernel, a stride or a pad
SHAPES = (
    "MaxPool", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Identity", "Dropout",
)  # fmt: skip
"""Operators that do the same to a quantizer's integers as to the values that these stand for."""


@dataclass(eq=False)
class Reader:
    """The terms of a graph, as far as they have been read."""

    graph: Graph
    terms: dict[str, Term]  # by tensor
    notes: dict[str, None] = field(default_factory=dict)  # a line each, for the user
    quantizers: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    """Scale and zero point of the tensors that a quantizer made integers of."""

    def note(self, text: str) -> None:
        """Adds a line, once."""
        self.notes[text] = None

    def term(self, node: Node, index: int = 0) -> Term:
        """The map that a node reads as that input; FirelineError if no SqueezeNet has it."""
        name = node.input(index)
        if name in self.quantizers and not reads_integers(node):
            raise FirelineError(
                f"{node.where} computes with a quantizer's integers; give the float network"
            )
        return self.any_term(node, index)

    def any_term(self, node: Node, index: int = 0) -> Term:
        """As ``term``, also if the map is a quantizer's integers."""
        name = node.input(index)
        if name not in self.terms:
            what = "a constant" if name in self.graph.constants else "nothing"
            raise FirelineError(
                f"{node.where} reads {what} where a map is expected; export the network again"
            )
        term = self.terms[name]
        if isinstance(term, Foreign):
            raise FirelineError(f"{term.node.where} {advice(term.node)}")
        return term

    def is_constant(self, node: Node, index: int) -> bool:
        """Whether that input is a constant."""
        return node.input(index) in self.graph.constants

    def constant(self, node: Node, index: int) -> np.ndarray:
        """A constant that a node reads; FirelineError if it is computed or omitted."""
        name = node.input(index)
        if name not in self.graph.constants:
            raise FirelineError(
                f"{node.where} reads {name!r}, which is not a constant; "
                "export the network with its weights"
            )
        return self.graph.constants[name]

    def weights(self, node: Node, index: int) -> np.ndarray:
        """The constant as finite float64 in the range of float32; FirelineError if it is none."""
        values = self.constant(node, index)
        name = node.input(index)
        if not self.graph.constants.is_float(name):
            raise FirelineError(f"{node.where}: {name!r} is {values.dtype}; export it as float32")
        return finite(node, name, values)

    def integers(self, node: Node, index: int) -> np.ndarray:
        """The constant as int64 of any shape; FirelineError if it is none of integers."""
        values = self.constant(node, index)
        if values.dtype.kind not in "iu":
            raise FirelineError(
                f"{node.where}: {node.input(index)!r} is {values.dtype}; export it as integers"
            )
        return values.astype(np.int64)

    def scalar(self, node: Node, index: int) -> float:
        """The constant as one number; FirelineError if it is none."""
        values = self.constant(node, index)
        if values.size != 1 or values.dtype.kind not in "fiu":
            raise FirelineError(
                f"{node.where}: {node.input(index)!r} holds {values.size} values of "
                f"{values.dtype}; export it as one number"
            )
        return float(values.ravel()[0])

    def listed(self, node: Node, name: str, index: int) -> tuple[int, ...] | None:
        """Integers that old versions hold as an attribute and new ones as an input, or None."""
        value = node.attributes.get(name)
        if isinstance(value, tuple):
            return value
        return tuple(self.integers(node, index).ravel().tolist()) if node.input(index) else None

    def per_channel(self, node: Node, x: Term, values: np.ndarray) -> np.ndarray:
        """A constant that is combined with ``x``, as one number per channel, float64 [channels].

        FirelineError if it differs between pixels.
        """
        rank = 4
        if node.attributes.get("broadcast") == 1:  # as until version 6 of the operators
            axis = node.integer("axis", -1)
            after = (rank if x_rank(x) == rank else 2) - axis - values.ndim if axis >= 0 else 0
            values = values.reshape(values.shape + (1,) * max(min(after, rank), 0))
        if x_rank(x) < rank:  # a vector: its last axis has the classes
            values = values.reshape((*values.shape, 1, 1))
        values = values.reshape((1,) * (rank - values.ndim) + values.shape)
        if isinstance(x, Turned):
            values = values.transpose(np.argsort(x.order))
        if values.ndim != rank or values.size not in (
            prod(values.shape[1:2]),
            x.channels * prod(x.shape[1:]),
        ):
            values = np.empty((0,) * rank)
        flat = values[:1, :, :1, :1]
        if not values.size or flat.size not in (1, x.channels) or not (values == flat).all():
            raise FirelineError(
                f"{node.where} has other constants than one for each channel; train without it, or "
                "use one for each channel"
            )
        return np.broadcast_to(flat.ravel(), (x.channels,)).copy()


def x_rank(x: Term) -> int:
    """4 for a map, less for a vector."""
    return 2 if isinstance(x, Flat | Ranked) else 4


def reads_integers(node: Node) -> bool:
    """Whether an operator may read a quantizer's integers."""
    operator = node.operator.rpartition(".")[2]
    return (
        operator in SHAPES
        or "Linear" in operator
        or operator in ("QGemm", "ConvInteger", "MatMulInteger", "ArgMax")
    )


def finite(node: Node, name: str, values: np.ndarray) -> np.ndarray:
    """The values as float64; FirelineError unless they are finite in float32."""
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # gives infinity or NaN, which the next lines refuse
        values = values.astype(np.float32).astype(np.float64)
    if not np.isfinite(values).all():
        raise FirelineError(f"{node.where}: {name!r} holds NaN or infinity; train again")
    return values


def pair(node: Node, name: str, default: tuple[int, int] = (1, 1)) -> tuple[int, int]:
    """Two integers from 1 to 4096, such as strides."""
    a, b = node.ints(name, default)
    if not 1 <= min(a, b) <= max(a, b) <= MOST:
        raise FirelineError(f"{node.where} has {name} {(a, b)}; use integers from 1 to {MOST}")
    return a, b


def foreign(node: Node) -> Term:
    """What no SqueezeNet has; refused if a map is made of it."""
    return Foreign(node, (0, 0, 0), False)
