"""Map scales of the least output error: of a map is cut off what the classes miss least.

Nahshan et al., "Loss Aware Post-Training Quantization", Machine Learning 2021: where rounding is
mild, what it costs the network is nearly the sum of what each layer's costs, so every map is tried
alone, in the float network. What errors add to a class on average is left out, for error feedback
takes that away, and so is what they add to all classes of a picture.
"""

from collections.abc import Mapping

import numpy as np
import torch

from ...float_network.fold import FoldedNetwork
from ...float_network.walk import Convolve, Join, walk_stage
from ...network.architecture import Layer, LayerKind
from ..calibrate import batches
from ..quantized_training import convolutions, output_map
from .work import Report, Work

PICTURES = 64  # at most
FACTORS = (1.0, 0.9, 0.8, 0.72, 0.64, 0.57, 0.5)  # tried, of the scale that cuts nothing off
GREATEST = 255  # integer of a map, the classifier's aside


def output_error(work: Work, report: Report) -> None:
    """The stage: scales of all maps but the classifier's, and rounding to nearest."""
    layers = convolutions(work.folded.architecture)
    maps = {output_map(layer) for layer in layers if layer.kind is not LayerKind.CLASSIFIER}
    tried = {}
    for name in sorted(maps):
        if top := float(work.statistics.peaks[name].max()):
            tried[name] = [top / GREATEST * factor for factor in FACTORS]
    errors = output_errors(work.folded, work.pixels[:PICTURES], tried, report)
    work.map_scales = {name: tried[name][np.argmin(errors[name])] for name in tried}
    work.round()


def output_errors(
    network: FoldedNetwork, pixels: np.ndarray, scales: Mapping[str, list[float]], report: Report
) -> dict[str, list[float]]:
    """Squared errors of the logits when a map alone is rounded, with each of the scales given.

    ``pixels`` are uint8 [N, H, W, C]; ``scales`` and the result are by map.
    """
    architecture, stages = network.architecture, len(network.architecture.stages) + 1
    written = {output_map(layer): layer.stage for layer in convolutions(architecture)}
    found = {name: [[] for _ in tried] for name, tried in scales.items()}
    exact, done = [], 0
    with torch.inference_mode():
        for x in batches(architecture, pixels):
            for index in range(stages):
                for name in [name for name in scales if written[name] == index]:
                    for scale, logits in zip(scales[name], found[name], strict=True):
                        y, (convolve, join) = x, rounding(network, name, scale)
                        for later in range(index, stages):
                            y = walk_stage(architecture, later, y, convolve, join)
                        logits.append(y.mean((2, 3)))
                x = walk_stage(architecture, index, x, network.rectified, network.join)
                report((done + len(x) * (index + 1) / stages) / len(pixels))
            exact.append(x.mean((2, 3)))
            done += len(x)
    wanted = torch.cat(exact)
    return {
        name: [squared(torch.cat(logits) - wanted) for logits in tried]
        for name, tried in found.items()
    }


def rounding(network: FoldedNetwork, name: str, scale: float) -> tuple[Convolve, Join]:
    """The float network's operators, a map rounded to integers times its scale."""

    def convolve(layer: Layer, x: torch.Tensor) -> torch.Tensor:
        y = network.rectified(layer, x)
        if output_map(layer) == name:
            y = (y / scale + 0.5).floor_().clamp_(max=GREATEST) * scale
        return y

    def join(fire: str, expanded: torch.Tensor, skipped: torch.Tensor | None) -> torch.Tensor:
        y = network.join(fire, expanded, skipped)
        return y.clamp(max=GREATEST * scale) if fire == name else y

    return convolve, join


def squared(error: torch.Tensor) -> float:
    """The sum over pictures and classes, but for what a whole row or column has in common."""
    error = error - error.mean(0)
    return float((error - error.mean(1, keepdim=True)).square().sum())
