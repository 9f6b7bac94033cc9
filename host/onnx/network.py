"""A network that an ONNX file holds: its stages, and the nodes that make them."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..network.architecture import Architecture, Fire, LayerKind, Stage
from .graph import Node
from .terms import Convolution, Term


@dataclass(frozen=True, eq=False)
class OnnxStage:
    """A stage of the file."""

    stage: Stage
    node: Node  # the node that writes its output
    source: Term  # the map that it reads
    convolutions: Mapping[LayerKind, Convolution]


@dataclass(frozen=True, eq=False)
class OnnxFire(OnnxStage):
    """A Fire of the file."""

    stage: Fire
    swapped: bool  # whether its Concat has the channels of expand3x3 first


@dataclass(frozen=True, eq=False)
class OnnxNetwork:
    """A network of the file."""

    file: str  # "weights FILE"
    architecture: Architecture
    stages: tuple[OnnxStage, ...]
    classifier: Convolution
    notes: tuple[str, ...]  # what was left out or taken up, a line each, for the user
