"""A layer: one operator of a network, with its shapes."""

import enum
from dataclasses import dataclass


class LayerKind(enum.Enum):
    """The operator of a layer."""

    CONV1 = "conv1"
    POOL = "pool"
    SQUEEZE = "squeeze"
    EXPAND1X1 = "expand1x1"
    EXPAND3X3 = "expand3x3"
    BYPASS = "bypass"
    CLASSIFIER = "classifier"
    AVERAGE = "average"


EXPANDS = (LayerKind.EXPAND1X1, LayerKind.EXPAND3X3)


@dataclass(frozen=True)
class Layer:
    """One operator; a convolution ends in ReLU. Sides and padding are in pixels."""

    name: str  # "conv1", "pool1", "fire2/squeeze", ..., "conv10", "average"
    kind: LayerKind
    stage: int  # index into the architecture's stages; for classifier and average their number
    stage_name: str  # "conv1", "pool1", "fire2", ...; its own name for classifier and average
    input_channels: int
    input_height: int
    input_width: int
    output_channels: int
    output_height: int
    output_width: int
    kernel: int  # 0 for the average, whose window is the map
    stride: int  # 0 for the average
    padding: int  # on each side; a pool's windows may overhang the right and bottom beyond it

    @property
    def is_convolution(self) -> bool:
        """Whether the layer has weights."""
        return self.kind not in (LayerKind.POOL, LayerKind.AVERAGE)

    @property
    def output_map(self) -> str:
        """Name of the map that the layer writes; a Fire's two expands write the same, "fire2"."""
        return self.stage_name if self.kind in EXPANDS else self.name

    @property
    def weights(self) -> int:
        """Number of weights, without the biases."""
        if not self.is_convolution:
            return 0
        return self.output_channels * self.input_channels * self.kernel**2

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return self.weights + (self.output_channels if self.is_convolution else 0)

    @property
    def macs(self) -> int:
        """Multiply-accumulates per frame, those of taps on the padding included."""
        return self.weights * self.output_height * self.output_width
