"""The channels of an ONNX file's network in the architecture's order: expand1x1's come first."""

from collections.abc import Iterator

import numpy as np

from ...errors import FirelineError
from ..network.architecture import Bypass, LayerKind, MaxPool
from .network import OnnxFire, OnnxNetwork


def weights_by_layer(
    network: OnnxNetwork,
) -> Iterator[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    """Weights [cout, cin, k, k] and biases [cout] by layer name, float64.

    Raises FirelineError for a bypass that adds maps with their channels in different orders.
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
