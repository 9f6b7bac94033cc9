"""What to say about a network of an ONNX file that is not the one that was named."""

from itertools import zip_longest

from ...errors import FirelineError
from ..network.architecture import Architecture, Bypass, Conv1, Fire, LayerKind, MaxPool, Stage
from ..network.lookup import known_architectures
from .network import OnnxNetwork

WORDS = {Conv1: "conv1", MaxPool: "a max pool", Fire: "a Fire", type(None): "the classifier"}
"""The stages in messages; None is the end of the stages."""


def check_same(network: OnnxNetwork, architecture: Architecture) -> None:
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
    for known in known_architectures():
        if (known.stages, known.classes) == (found.stages, found.classes):
            return f"use --arch {known.name}"
    return "use a TOML file that describes this network"
