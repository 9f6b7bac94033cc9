"""Map scales of the least output error: clips each map where the class scores change least.

Nahshan et al., "Loss Aware Post-Training Quantization", Machine Learning 2021: where rounding is
mild, the network's loss is nearly the sum of the losses of each rounded layer. So the step tries
the scales of one map at a time, in the float network. The error ignores what a class gains over all
pictures, because error feedback removes it, and what all classes of a picture gain.
"""

from collections.abc import Mapping

import numpy as np
import torch

from ...float_network.fold import FoldedNetwork
from ...float_network.walk import Convolve, Join, walk_stage
from ...network.architecture import Layer, LayerKind
from ..calibrate import batches
from ..maps import convolutions
from .work import Report, Work

PICTURES = 64  # at most
FACTORS = (1.0, 0.9, 0.8, 0.72, 0.64, 0.57, 0.5)  # tried, of the scale that covers the peak
GREATEST = 255  # integer of a map, the classifier's aside


def output_error(work: Work, report: Report) -> None:
    """The step: chooses the scales of all maps but the classifier's, then rounds to nearest."""
    layers = convolutions(work.folded.architecture)
    maps = {layer.output_map for layer in layers if layer.kind is not LayerKind.CLASSIFIER}
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
    """Squared errors of the logits when one map alone is rounded, for each of its scales.

    ``pixels`` are uint8 [N, H, W, C]; ``scales`` and the result are by map.
    """
    architecture, stages = network.architecture, len(network.architecture.stages) + 1
    written = {layer.output_map: layer.stage for layer in convolutions(architecture)}
    found: dict[str, list[list[torch.Tensor]]] = {
        name: [[] for _ in tried] for name, tried in scales.items()
    }
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
    """The float network's operators, except that one map is rounded to multiples of a scale."""

    def convolve(layer: Layer, x: torch.Tensor) -> torch.Tensor:
        y = network.rectified(layer, x)
        if layer.output_map == name:
            y = (y / scale + 0.5).floor_().clamp_(max=GREATEST) * scale
        return y

    def join(fire: str, expanded: torch.Tensor, skipped: torch.Tensor | None) -> torch.Tensor:
        y = network.join(fire, expanded, skipped)
        return y.clamp(max=GREATEST * scale) if fire == name else y

    return convolve, join


def squared(error: torch.Tensor) -> float:
    """Squared sum of errors [pictures, classes] without the means of columns and rows."""
    error = error - error.mean(0)
    return float((error - error.mean(1, keepdim=True)).square().sum())
