"""Float SqueezeNets from ONNX files, as torch or the ONNX model zoo writes them.

The network is recognised by its structure; the names of tensors do not matter.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np

from ...errors import FirelineError
from ..network.architecture import (
    Architecture,
    Bypass,
    Conv1,
    Fire,
    Layer,
    LayerKind,
    MaxPool,
    Stage,
)
from ..network.families import FAMILIES, family
from .graph import Graph, Node, read_graph
from .operators import (
    Convolution,
    check_average,
    find_average,
    read_convolution,
    read_linear,
    read_pool,
)

WORDS = {Conv1: "conv1", MaxPool: "a max pool", Fire: "a Fire", type(None): "the classifier"}
"""The stages in messages; None is the end of the stages."""


@dataclass(frozen=True, eq=False)
class OnnxStage:
    """A stage of the file."""

    stage: Stage
    node: Node  # the node that writes its output
    source: str  # the tensor that it reads
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

    def convolution(self, layer: Layer) -> Convolution:
        """The convolution of that layer; KeyError if the layer has none."""
        if layer.kind is LayerKind.CLASSIFIER:
            return self.classifier
        return self.stages[layer.stage].convolutions[layer.kind]


def read_onnx(path: str | Path, architecture: Architecture) -> OnnxNetwork:
    """The network in an ONNX file.

    Stages, classes and last ReLU are those of the file, and so is the input size if the file states
    it. Name, preprocessing and otherwise the input size are those of ``architecture``. Raises
    FirelineError for a file that cannot be read, and one that names the node for a network that is
    not of the family.
    """
    graph = read_graph(path)
    average = find_average(graph)
    last_relu = _writes(graph, average.input(0), "Relu")
    read = read_convolution if last_relu else read_linear
    classifier = read(graph, average.input(0), "the classifier, with or without ReLU").require(1)
    height, width = graph.size or (architecture.height, architecture.width)
    stages: list[OnnxStage] = []
    found = architecture
    for each in reversed(tuple(_stages(graph, classifier.source))):
        stages.append(_sized_pool(each, found.classifier))
        try:
            found = dataclasses.replace(
                architecture,
                height=height,
                width=width,
                stages=tuple(stage.stage for stage in stages),
                classes=len(classifier.bias),
                last_relu=last_relu,
            )
        except FirelineError as error:
            raise FirelineError(f"{graph.file}: {error}") from error
    network = OnnxNetwork(graph.file, found, tuple(stages), classifier)
    for layer in found.layers():
        if layer.kind is LayerKind.AVERAGE:
            check_average(graph, average, layer)
        elif layer.is_convolution:
            network.convolution(layer).check_shape(layer)
    return network


def import_onnx(
    path: str | Path, architecture: Architecture
) -> tuple[Architecture, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """The architecture, and an ONNX file's weights [cout, cin, k, k] and biases [cout], float64.

    The architecture has a last ReLU if the file has one. Weights are by layer name, their channels
    in the architecture's order, and batch normalisation is folded in. The file may take pictures of
    another size. Raises FirelineError as ``read_onnx`` does, and for a file with other stages or
    classes.
    """
    network = read_onnx(path, architecture)
    _check_same(network, architecture)
    own = dataclasses.replace(architecture, last_relu=network.architecture.last_relu)
    return own, dict(_permuted(network))


def _stages(graph: Graph, tensor: str) -> Iterator[OnnxStage]:
    """The stages from last to first; the last one writes that tensor."""
    wanted = "a max pool, a Fire or conv1"
    while True:
        node = graph.node(tensor, wanted, "MaxPool", "Concat", "Add", "Sum", "Relu")
        stage: OnnxStage
        match node.operator:
            case "MaxPool":
                stage = OnnxStage(MaxPool(), node, node.input(0), {})
            case "Concat":
                stage = _fire(graph, node)
            case "Relu":
                yield _conv1(graph, tensor)
                return
            case _:
                stage = _bypassed_fire(graph, node)
        yield stage
        tensor = stage.source


def _sized_pool(stage: OnnxStage, reader: Layer) -> OnnxStage:
    """The stage; a max pool has the windows of its node on the map that ``reader`` would read."""
    if not isinstance(stage.stage, MaxPool):
        return stage
    pool = read_pool(stage.node, reader.input_height, reader.input_width)
    return dataclasses.replace(stage, stage=pool)


def _conv1(graph: Graph, tensor: str) -> OnnxStage:
    conv = read_convolution(graph, tensor, "conv1")
    if conv.source != graph.input:
        raise FirelineError(
            f"{conv.node.where} reads {conv.source!r} instead of the pictures; "
            "use one convolution before the first Fire"
        )
    conv1 = Conv1(len(conv.bias), conv.weight.shape[2], conv.stride, conv.padding)
    return OnnxStage(conv1, conv.node, conv.source, {LayerKind.CONV1: conv})


def _fire(graph: Graph, concat: Node) -> OnnxFire:
    axis = concat.number("axis", 1)
    if len(concat.inputs) != 2 or axis not in (1, -3):
        raise FirelineError(
            f"{concat.where} joins {len(concat.inputs)} maps along axis {axis}; "
            "use Fires, which join two maps along axis 1"
        )
    expands = [read_convolution(graph, each, "an expand's ReLU") for each in concat.inputs]
    swapped = expands[0].weight.shape[2] > expands[1].weight.shape[2]
    expand1x1, expand3x3 = expands[::-1] if swapped else expands
    expand1x1.require(1)
    expand3x3.require(3)
    if expand1x1.source != expand3x3.source:
        raise FirelineError(
            f"{concat.where} joins expands of different maps; use Fires, whose expands read the "
            "same map"
        )
    squeeze = read_convolution(graph, expand1x1.source, "a squeeze's ReLU").require(1)
    fire = Fire(len(squeeze.bias), len(expand1x1.bias), len(expand3x3.bias))
    convolutions = {
        LayerKind.SQUEEZE: squeeze,
        LayerKind.EXPAND1X1: expand1x1,
        LayerKind.EXPAND3X3: expand3x3,
    }
    return OnnxFire(fire, concat, squeeze.source, convolutions, swapped)


def _bypassed_fire(graph: Graph, add: Node) -> OnnxFire:
    """A Fire with its bypass: the map that it reads, or a convolution of that map."""
    for expanded, skipped in (add.inputs, add.inputs[::-1]) if len(add.inputs) == 2 else ():
        if not _writes(graph, expanded, "Concat"):
            continue
        found = _fire(graph, graph.nodes[expanded])
        if skipped == found.source:
            fire = dataclasses.replace(found.stage, bypass=Bypass.SIMPLE)
            return dataclasses.replace(found, stage=fire, node=add)
        if _writes(graph, skipped, "Relu"):
            bypass = read_convolution(graph, skipped, "a bypass's ReLU")
            if bypass.source == found.source:
                fire = dataclasses.replace(found.stage, bypass=Bypass.COMPLEX)
                convolutions = {**found.convolutions, LayerKind.BYPASS: bypass.require(1)}
                return OnnxFire(fire, add, found.source, convolutions, found.swapped)
    raise FirelineError(
        f"{add.where} is not a bypass; add to a Fire's Concat only the map that the Fire reads, "
        "or the ReLU of a 1x1 convolution of that map"
    )


def _writes(graph: Graph, tensor: str, operator: str) -> bool:
    return tensor in graph.nodes and graph.nodes[tensor].operator == operator


def _permuted(network: OnnxNetwork) -> Iterator[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    """Weights and biases by layer name, with channels in the architecture's order.

    ``order`` follows the maps: channel i of the architecture is channel order[i] of the file.
    """
    *layers_by_stage, head = network.architecture.layers_by_stage()
    order = np.arange(network.architecture.channels)
    for each, layers in zip(network.stages, layers_by_stage, strict=True):
        entering = order
        if not isinstance(each.stage, MaxPool):
            order = np.arange(each.stage.channels)
        if isinstance(each, OnnxFire):
            if each.swapped:
                order = np.roll(order, each.stage.expand1x1)
            if each.stage.bypass is Bypass.SIMPLE and not np.array_equal(entering, order):
                raise FirelineError(
                    f"{each.node.where} adds maps with their channels in different orders; "
                    "use the same order of expands in every Concat"
                )
        for kind, conv in each.convolutions.items():
            weight, bias = conv.weight, conv.bias
            if kind in (LayerKind.SQUEEZE, LayerKind.BYPASS):
                weight = weight[:, entering]
            if kind is LayerKind.BYPASS:
                weight, bias = weight[order], bias[order]
            yield layers[kind].name, (weight, bias)
    classifier = network.classifier
    yield head[LayerKind.CLASSIFIER].name, (classifier.weight[:, order], classifier.bias)


def _check_same(network: OnnxNetwork, architecture: Architecture) -> None:
    """Raises FirelineError, naming the first node that differs, for another architecture."""
    nodes = [*(each.node for each in network.stages), network.classifier.node]
    stages = zip_longest(nodes, network.architecture.stages, architecture.stages)
    for index, (node, found, wanted) in enumerate(stages):
        if found != wanted and not _pool_alike(index, network.architecture, architecture):
            raise FirelineError(
                f"{node.where} {_difference(found, wanted, architecture.name)}; {_advice(network)}"
            )
    if network.architecture.classes != architecture.classes:
        raise FirelineError(
            f"{network.classifier.node.where} has {network.architecture.classes} classes, "
            f"but {architecture.name} has {architecture.classes}; {_advice(network)}"
        )


def _pool_alike(index: int, *architectures: Architecture) -> bool:
    """Whether a stage is a max pool of both, with equal windows on the maps of one of them.

    If the windows of two kinds of pool are equal in the file's size, the file does not tell them
    apart. If they are equal in the other size, it does not matter.
    """
    stages = [each.stages[index] for each in architectures if index < len(each.stages)]
    pools = [stage for stage in stages if isinstance(stage, MaxPool)]
    if len(pools) < len(architectures):
        return False
    for layers in (each.layers_by_stage()[index] for each in architectures):
        sides = layers[LayerKind.POOL].input_height, layers[LayerKind.POOL].input_width
        if len({tuple(map(pool.windows, sides)) for pool in pools}) == 1:
            return True
    return False


def _difference(found: Stage | None, wanted: Stage | None, name: str) -> str:
    """The difference of a stage from that of the architecture; None is the end of the stages."""
    if type(found) is not type(wanted):
        return f"is {WORDS[type(found)]} where {name} has {WORDS[type(wanted)]}"
    fields = [field for field, value in vars(found).items() if value != getattr(wanted, field)]
    words = [
        ", ".join(f"{field} {_word(getattr(stage, field))}" for field in fields)
        for stage in (found, wanted)
    ]
    return f"is {WORDS[type(found)]} with {words[0]}, but {name} has {words[1]}"


def _word(value: object) -> str:
    return value.value if isinstance(value, Bypass) else str(value)


def _advice(network: OnnxNetwork) -> str:
    """The ARCH to name for the network."""
    found = network.architecture
    for base in FAMILIES:
        for bypass in Bypass:
            known = family(base, bypass)
            if (known.stages, known.classes) == (found.stages, found.classes):
                return f"use --arch {known.name}"
    return "use a TOML file that describes this network"
