"""How much harm each layer does with 4 bits while all others have 8."""

import numpy as np

from ...float_network.fold import fold
from ...float_network.squeezenet import SqueezeNet
from ...network.weight_bits import layer_bits
from ..quantized_training import QuantizedTraining, convolutions
from .error_feedback import fit, side_by_side
from .fidelity import fidelity, logits
from .settings import FAST
from .squared_error import squared_error
from .work import Report, Work

PICTURES = 64  # that are learned from, and as many that harm is measured on


def sensitivity(model: SqueezeNet, calibration: np.ndarray, report: Report) -> dict[str, float]:
    """By layer, by how much the classes' divergence from float's grows, in nats a picture.

    Both sorts of weights are rounded with error feedback on what 8 bits in front of them give.
    """
    learned, measured = calibration[:-1:2][:PICTURES], calibration[1::2][:PICTURES]
    work = Work(fold(model), learned, layer_bits(model.architecture, 8), FAST)
    squared_error(work, report)
    four = QuantizedTraining(work.folded, work.statistics, dict.fromkeys(work.bits, 4)).convs
    eight = work.student.convs
    names = [layer.name for layer in convolutions(model.architecture)]

    def visit(layer, pair) -> None:
        for convs in (eight, four):
            fit(work, convs[layer.name], layer, pair)

    side_by_side(work, visit, lambda share: report(share / 2))
    wanted = logits(work.folded, measured)
    least = fidelity(work.student, measured, wanted).divergence
    harm = {}
    for name in names:
        kept, eight[name] = eight[name], four[name]
        harm[name] = fidelity(work.student, measured, wanted).divergence - least
        eight[name] = kept
        report((1 + len(harm) / len(names)) / 2)
    return harm
