"""The scale of every map: fitted to statistics, then trained."""

from collections.abc import Mapping

import torch
from torch import nn

from ..float_network.fold import FoldedNetwork
from ..network.architecture import LayerKind
from ..network.quantized import CODES, layer_maximum
from .calibrate import Statistics
from .class_range import ClassRange
from .maps import PIXELS, convolutions, input_maps
from .scale_search import activation_scale

SCALE_RATE = 0.01  # relative change of a scale when its parameter changes by 1


class MapScale(nn.Module):
    """The real value that the integer 1 stands for in a map.

    Training changes the parameter ``change``, which multiplies the fitted scale by
    ``exp(SCALE_RATE * change)``. The scale is the learned step size of Esser et al., "Learned Step
    Size Quantization", ICLR 2020.
    """

    fitted: torch.Tensor

    def __init__(self, value: float) -> None:
        super().__init__()
        self.register_buffer("fitted", torch.tensor(value, dtype=torch.float32))
        self.change = nn.Parameter(torch.zeros(()))

    def forward(self) -> torch.Tensor:
        return self.fitted * torch.exp(SCALE_RATE * self.change)


def fit_map_scales(
    folded: FoldedNetwork,
    statistics: Statistics,
    bits: Mapping[str, int],
    multiplier_bits: int,
    clip: bool,
    given: Mapping[str, float],
    classes: ClassRange,
) -> nn.ModuleDict:
    """A ``MapScale`` for every map but the pixels'.

    Each is the scale in ``given``, or else the one that ``activation_scale`` finds; the
    classifier's covers ``classes``. A greater scale replaces it where a multiplier of the writing
    layer would otherwise exceed its bits.
    """
    values: dict[str, float] = {PIXELS: 1.0}
    reads = input_maps(folded.architecture)
    for layer in convolutions(folded.architecture):
        name = layer.output_map
        samples = statistics.samples[name]
        if name in given:
            fitted = given[name]
        elif layer.kind is LayerKind.CLASSIFIER:
            fitted = classes.greatest / layer_maximum(layer)
        else:
            fitted = activation_scale(samples, layer_maximum(layer), clip)
        unit = float(folded.weights[layer.name].abs().max()) / CODES[bits[layer.name]][1]
        least = unit * values[reads[layer.name]] * 2 / ((1 << multiplier_bits) - 1)
        values[name] = max(fitted, least, values.get(name, 0.0)) or 1.0
    return nn.ModuleDict({name: MapScale(value) for name, value in values.items() if name})
