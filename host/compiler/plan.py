"""A network as program layers: which convolutions each computes, what it reads and what it writes.

All parts of the compiler walk these typed layers; addresses and ROM contents come later.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ..network.architecture import Architecture, Layer, LayerKind
from ..network.stage import Bypass, Fire, MaxPool, Stage
from .maps import Map, exponent_group_starts, stage_maps


@dataclass(frozen=True, eq=False)
class LayerPlan:
    """A program layer: one convolution, or the two expands of a Fire."""

    pointwise: Layer
    """The convolution, or the Fire's expand1x1."""
    source: Map
    """The map that it reads. Conv1 reads windows: a pixel is all that is under the kernel."""
    output: Map
    """The map that leaves the requantizer."""
    expand3x3: Layer | None = None
    pool: Map | None = None
    """The map that the max pool makes of the output, if a pool follows."""
    pooling: MaxPool | None = None
    """That max pool."""
    keep: Map | None = None
    """The output of the Fire whose bypass adds this layer's rows, which go to the skip memory."""
    skip: bool = False
    """Whether rows of the skip memory are added to the output."""

    @property
    def name(self) -> str:
        """The name of its output map: "conv1", "fire2/squeeze", "fire2" (both expands), ..."""
        return self.output.name

    @property
    def kind(self) -> LayerKind:
        """The kind of its pointwise convolution."""
        return self.pointwise.kind

    @property
    def convolutions(self) -> tuple[Layer, ...]:
        """The one or two convolutions that it computes."""
        return (self.pointwise, self.expand3x3) if self.expand3x3 else (self.pointwise,)

    @property
    def result(self) -> Map:
        """Its output, after the max pool if there is one."""
        return self.pool or self.output

    @property
    def pool_rows(self) -> tuple[range, ...]:
        """The rows of the output in each window of the max pool; none without a pool."""
        return self.pooling.windows(self.output.height) if self.pooling else ()

    @property
    def is_classifier(self) -> bool:
        """Whether its output is summed up to the scores."""
        return self.kind is LayerKind.CLASSIFIER

    @property
    def is_stored(self) -> bool:
        """Whether its result goes to the activation memory."""
        return self.kind not in (LayerKind.BYPASS, LayerKind.CLASSIFIER)

    def outputs(self, ci: int) -> tuple[np.ndarray, ...]:
        """The output's channels in the order in which they leave the array, [channels], for each
        convolution.

        -1 stands for no channel: it fills up a word. A convolution's last word is not filled up,
        except a bypass's, whose words are exactly those of its Fire's output.
        """
        words = self.output.words(ci)
        if self.kind is LayerKind.BYPASS:
            return (words.ravel(),)
        split = self.pointwise.output_channels
        parts = [words[words[:, 0] < split].ravel(), words[words[:, 0] >= split].ravel()]
        return tuple(part[: part.argmax() + 1] for part in parts[: len(self.convolutions)])


@dataclass(frozen=True, eq=False)
class FirePlan:
    """The program layers of a Fire, in the order in which they run for a row."""

    squeeze: LayerPlan
    bypass: LayerPlan | None
    expand: LayerPlan


@dataclass(frozen=True, eq=False)
class Plan:
    """The program layers of a network."""

    conv1: LayerPlan
    fires: tuple[FirePlan, ...]
    classifier: LayerPlan

    @property
    def row_sources(self) -> tuple[LayerPlan, ...]:
        """The layers whose results a Fire or the classifier reads: conv1, then each Fire's expand.

        A pool belongs to the layer before it.
        """
        return (self.conv1, *(fire.expand for fire in self.fires))

    @property
    def layers(self) -> tuple[LayerPlan, ...]:
        """All layers in execution order."""
        fires = [
            layer
            for fire in self.fires
            for layer in (fire.squeeze, fire.bypass, fire.expand)
            if layer
        ]
        return (self.conv1, *fires, self.classifier)


def plan_layers(architecture: Architecture) -> Plan:
    """The program layers of a network."""
    stages: list[_Stage] = []
    for stage, layers, output in zip(
        architecture.stages, architecture.layers_by_stage(), stage_maps(architecture), strict=False
    ):
        if isinstance(stage, MaxPool):
            stages[-1].pool, stages[-1].pooling = output, stage
        else:
            stages.append(_Stage(stage, layers, output))
    for before, after in pairwise(stages):
        if isinstance(after.stage, Fire) and after.stage.bypass is Bypass.SIMPLE:
            before.keep = after.output
    conv1 = stages[0].conv1_plan()
    fires: list[FirePlan] = []
    source = conv1.result
    for fire in stages[1:]:
        fires.append(fire.fire_plan(source))
        source = fires[-1].expand.result
    layer = architecture.classifier
    scores = _map(layer, layer.name, layer.output_channels)
    return Plan(conv1, tuple(fires), LayerPlan(layer, source, scores))


@dataclass
class _Stage:
    """A stage with its layers and its output map.

    `pool` is the output of `pooling`, a pool that follows, and `keep` that of a Fire that adds
    these rows.
    """

    stage: Stage
    layers: dict[LayerKind, Layer]
    output: Map
    pool: Map | None = None
    pooling: MaxPool | None = None
    keep: Map | None = None

    def conv1_plan(self) -> LayerPlan:
        layer = self.layers[LayerKind.CONV1]
        channels = layer.kernel**2 * layer.input_channels
        windows = _map(layer, "windows", channels)
        return LayerPlan(
            layer, windows, self.output, pool=self.pool, pooling=self.pooling, keep=self.keep
        )

    def fire_plan(self, source: Map) -> FirePlan:
        assert isinstance(self.stage, Fire)
        squeeze = self.layers[LayerKind.SQUEEZE]
        squeezed = _map(squeeze, squeeze.name, squeeze.output_channels)
        bypass = None
        if layer := self.layers.get(LayerKind.BYPASS):
            output = replace(self.output, name=layer.name)
            bypass = LayerPlan(layer, source, output, keep=self.output)
        expand = LayerPlan(
            self.layers[LayerKind.EXPAND1X1],
            squeezed,
            self.output,
            self.layers[LayerKind.EXPAND3X3],
            pool=self.pool,
            pooling=self.pooling,
            keep=self.keep,
            skip=self.stage.bypass is not Bypass.NONE,
        )
        return FirePlan(LayerPlan(squeeze, source, squeezed), bypass, expand)


def _map(layer: Layer, name: str, channels: int) -> Map:
    """A map of a layer's output size whose channels are one segment."""
    size = layer.output_height, layer.output_width, channels
    return Map(name, *size, exponent_group_starts((channels,)))
