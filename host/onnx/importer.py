"""A float SqueezeNet from an ONNX file, recognised by its structure, whatever its tensors' names.

As torch exports it, or as the ONNX model zoo has it.
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
from .operators import Convolution, check_average, check_pool, find_average, read_convolution

WORDS = {Conv1: "conv1", MaxPool: "a max pool", Fire: "a Fire", type(None): "the classifier"}


@dataclass(frozen=True, eq=False)
class OnnxStage:
    """A stage as the file has it."""

    stage: Stage
    node: Node  # the one that writes its output
    source: str  # the tensor that it reads
    convolutions: Mapping[LayerKind, Convolution]
    swapped: bool = False  # whether a Fire's Concat has the 3x3 channels first


@dataclass(frozen=True, eq=False)
class OnnxNetwork:
    """A network as the file has it."""

    file: str  # "weights FILE"
    architecture: Architecture
    stages: tuple[OnnxStage, ...]
    classifier: Convolution

    def convolution(self, layer: Layer) -> Convolution:
        """The one of that layer; KeyError if it has none."""
        if layer.kind is LayerKind.CLASSIFIER:
            return self.classifier
        return self.stages[layer.stage].convolutions[layer.kind]


def read_onnx(path: str | Path, architecture: Architecture) -> OnnxNetwork:
    """The network in an ONNX file.

    Its name, preprocessing and, unless the file tells it, input size are those of ``architecture``,
    all else is the file's own. Raises FirelineError, which names the node, for a file that cannot
    be read or that holds anything but a network of the family.
    """
    graph = read_graph(path)
    average = find_average(graph)
    classifier = read_convolution(graph, average.input(0), "the classifier's ReLU").require(1)
    stages = tuple(_stages(graph, classifier.source))[::-1]
    height, width = graph.size or (architecture.height, architecture.width)
    try:
        found = dataclasses.replace(
            architecture,
            height=height,
            width=width,
            stages=tuple(each.stage for each in stages),
            classes=len(classifier.bias),
        )
    except FirelineError as error:
        raise FirelineError(f"{graph.file}: {error}") from error
    network = OnnxNetwork(graph.file, found, stages, classifier)
    for layer in found.layers():
        match layer.kind:
            case LayerKind.POOL:
                check_pool(stages[layer.stage].node, layer)
            case LayerKind.AVERAGE:
                check_average(graph, average, layer)
            case _:
                network.convolution(layer).check_shape(layer)
    return network


def import_onnx(
    path: str | Path, architecture: Architecture
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Weights [cout, cin, k, k] and biases [cout] of an ONNX file by layer name, float64.

    Channels stand in the architecture's order and batch normalisation is folded in; the file may be
    for pictures of another size. Raises FirelineError as ``read_onnx`` does, and for a file with
    another architecture.
    """
    network = read_onnx(path, architecture)
    _check_same(network, architecture)
    return dict(_permuted(network))


def _stages(graph: Graph, tensor: str) -> Iterator[OnnxStage]:
    """The stages, last to first, of which the last writes that tensor."""
    wanted = "a max pool, a Fire or conv1"
    while True:
        node = graph.node(tensor, wanted, "MaxPool", "Concat", "Add", "Sum", "Relu")
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


def _conv1(graph: Graph, tensor: str) -> OnnxStage:
    conv = read_convolution(graph, tensor, "conv1")
    if conv.source != graph.input:
        raise FirelineError(
            f"{conv.node.where} reads {conv.source!r}; outside of Fires only the first convolution "
            "is expected, and it reads the pictures"
        )
    conv1 = Conv1(len(conv.bias), conv.weight.shape[2], conv.stride, conv.padding)
    return OnnxStage(conv1, conv.node, conv.source, {LayerKind.CONV1: conv})


def _fire(graph: Graph, concat: Node) -> OnnxStage:
    axis = concat.number("axis", 1)
    if len(concat.inputs) != 2 or axis not in (1, -3):
        raise FirelineError(
            f"{concat.where} joins {len(concat.inputs)} maps along axis {axis}; "
            "a Fire joins two along axis 1"
        )
    expands = [read_convolution(graph, each, "an expand's ReLU") for each in concat.inputs]
    swapped = expands[0].weight.shape[2] > expands[1].weight.shape[2]
    expand1x1, expand3x3 = expands[::-1] if swapped else expands
    expand1x1.require(1)
    expand3x3.require(3)
    if expand1x1.source != expand3x3.source:
        raise FirelineError(f"{concat.where} joins expands of two maps; a Fire's read the same one")
    squeeze = read_convolution(graph, expand1x1.source, "a squeeze's ReLU").require(1)
    fire = Fire(len(squeeze.bias), len(expand1x1.bias), len(expand3x3.bias))
    convolutions = {
        LayerKind.SQUEEZE: squeeze,
        LayerKind.EXPAND1X1: expand1x1,
        LayerKind.EXPAND3X3: expand3x3,
    }
    return OnnxStage(fire, concat, squeeze.source, convolutions, swapped)


def _bypassed_fire(graph: Graph, add: Node) -> OnnxStage:
    """A Fire and what is added to it: the map that it reads, or a convolution of that map."""
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
                return OnnxStage(fire, add, found.source, convolutions, found.swapped)
    raise FirelineError(
        f"{add.where} is no bypass; one adds to a Fire's Concat the map that the Fire reads, "
        "or the ReLU of a 1x1 convolution of that map"
    )


def _writes(graph: Graph, tensor: str, operator: str) -> bool:
    return tensor in graph.nodes and graph.nodes[tensor].operator == operator


def _permuted(network: OnnxNetwork) -> Iterator[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    """Follows ``order`` from map to map: the architecture's channel i is the file's order[i]."""
    layers = [layer for layer in network.architecture.layers() if layer.is_convolution]
    order = np.arange(network.architecture.channels)
    for index, each in enumerate(network.stages):
        entering = order
        if not isinstance(each.stage, MaxPool):
            order = np.arange(each.stage.channels)
        if each.swapped:
            order = np.roll(order, each.stage.expand1x1)
        if (
            isinstance(each.stage, Fire)
            and each.stage.bypass is Bypass.SIMPLE
            and not np.array_equal(entering, order)
        ):
            raise FirelineError(
                f"{each.node.where} adds maps with their channels in different orders; "
                "use the same order of expands in every Concat"
            )
        for layer in layers:
            if layer.stage == index:
                conv = each.convolutions[layer.kind]
                weight, bias = conv.weight, conv.bias
                if layer.kind in (LayerKind.SQUEEZE, LayerKind.BYPASS):
                    weight = weight[:, entering]
                if layer.kind is LayerKind.BYPASS:
                    weight, bias = weight[order], bias[order]
                yield layer.name, (weight, bias)
    yield layers[-1].name, (network.classifier.weight[:, order], network.classifier.bias)


def _check_same(network: OnnxNetwork, architecture: Architecture) -> None:
    """Raises FirelineError, naming the first node that differs, for another architecture."""
    nodes = [*(each.node for each in network.stages), network.classifier.node]
    for node, has, wants in zip_longest(nodes, network.architecture.stages, architecture.stages):
        if has != wants:
            raise FirelineError(
                f"{node.where} {_difference(has, wants, architecture.name)}; {_advice(network)}"
            )
    if network.architecture.classes != architecture.classes:
        raise FirelineError(
            f"{network.classifier.node.where} has {network.architecture.classes} classes, "
            f"{architecture.name} wants {architecture.classes}; {_advice(network)}"
        )


def _difference(has: Stage | None, wants: Stage | None, name: str) -> str:
    """What a stage is and what it should be, in words; None is the end of the stages."""
    if type(has) is not type(wants):
        return f"is {WORDS[type(has)]} where {name} wants {WORDS[type(wants)]}"
    fields = [field for field, value in vars(has).items() if value != getattr(wants, field)]
    words = [
        ", ".join(f"{field} {_word(getattr(stage, field))}" for field in fields)
        for stage in (has, wants)
    ]
    return f"is {WORDS[type(has)]} with {words[0]}, {name} wants {words[1]}"


def _word(value: object) -> str:
    return value.value if isinstance(value, Bypass) else str(value)


def _advice(network: OnnxNetwork) -> str:
    found = network.architecture
    for base in FAMILIES:
        for bypass in Bypass:
            known = family(base, bypass)
            if (known.stages, known.classes) == (found.stages, found.classes):
                return f"use --arch {known.name}"
    return "use a TOML file that describes this network"
