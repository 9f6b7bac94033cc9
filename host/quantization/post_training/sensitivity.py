"""The harm of 4-bit weights in each layer while all others have 8 bits."""

import numpy as np
import torch

from ...float_network.fold import fold
from ...float_network.squeezenet import SqueezeNet
from ...network.architecture import Layer
from ...network.weight_bits import layer_bits
from ..maps import convolutions
from ..quantized_training import QuantizedTraining
from .error_feedback import fit_layer
from .fidelity import fidelity, logits
from .settings import FAST
from .side_by_side import side_by_side
from .squared_error import squared_error
from .work import Report, Work

PICTURES = 64  # at most to learn from, and at most to measure with


def sensitivity(model: SqueezeNet, calibration: np.ndarray, report: Report) -> dict[str, float]:
    """By layer, the growth of the divergence from the float network, in nats a picture.

    Error feedback rounds both the 8-bit and the 4-bit weights of a layer, on inputs that the 8-bit
    layers in front compute. ``calibration`` is uint8 [N, H, W, C].
    """
    learned, measured = calibration[:-1:2][:PICTURES], calibration[1::2][:PICTURES]
    work = Work(fold(model), learned, layer_bits(model.architecture, 8), FAST)
    squared_error(work, report)
    eight = work.student
    four = QuantizedTraining(work.folded, work.statistics, dict.fromkeys(work.bits, 4))
    layers = convolutions(model.architecture)

    def visit(layer: Layer, pair: torch.Tensor) -> None:
        for network in (eight, four):
            fit_layer(work, network.conv(layer), layer, pair)

    side_by_side(work, visit, lambda share: report(share / 2))
    wanted = logits(work.folded, measured)
    least = fidelity(eight, measured, wanted).divergence
    harm = {}
    for layer in layers:
        kept = eight.conv(layer)
        eight.convs[layer.name] = four.conv(layer)
        harm[layer.name] = fidelity(eight, measured, wanted).divergence - least
        eight.convs[layer.name] = kept
        report((1 + len(harm) / len(layers)) / 2)
    return harm
