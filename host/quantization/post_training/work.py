"""The state that the steps of post-training quantization read and change."""

import copy
import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

from ...float_network.fold import FoldedNetwork
from ..calibrate import measure
from ..quantized_training import QuantizedTraining
from .settings import Settings

Report = Callable[[float], None]  # receives the share of a step that is done, 0..1


class Work:
    """A float network, the integers that approximate it, and the pictures to learn from.

    A step improves ``student``, the integers. It may also replace ``folded`` by a network that
    computes the same function with other weights.

    Members
        folded: the float network
        student: the integers
        pixels: calibration pictures, uint8 [N, H, W, C]
        bits: 4 or 8 for every layer, by name
        settings: of the whole quantization
        partial: file that holds an interrupted distillation, or None
        statistics: of ``folded`` on ``pixels``
        clip: whether scales may clip values where that reduces the squared error
        map_scales: scales by map that a step has chosen
        learn_scales: whether training changes the scales of maps
        after_rounding: what ``round`` calls last
    """

    def __init__(
        self,
        folded: FoldedNetwork,
        pixels: np.ndarray,
        bits: Mapping[str, int],
        settings: Settings,
        partial: Path | None = None,
    ) -> None:
        """Starts from rounding to nearest, see ``start``."""
        self.pixels, self.bits, self.settings, self.partial = pixels, bits, settings, partial
        self.learn_scales = False
        self.after_rounding: Callable[[Work], None] = lambda work: None
        self.start(folded)

    def copy(self) -> "Work":
        """A copy with its own ``student``; steps replace every other member that they change."""
        own = copy.copy(self)
        own.student = copy.deepcopy(self.student)
        return own

    def start(self, folded: FoldedNetwork) -> None:
        """Rounds a float network to nearest, with scales that cover the greatest values."""
        self.folded = folded
        self.statistics = measure(folded, self.pixels)
        self.clip = False
        self.map_scales: Mapping[str, float] = {}
        self.round()

    def round(self) -> None:
        """Rounds the float network to nearest, with the scales that steps have chosen so far."""
        self.student = QuantizedTraining(
            self.folded,
            self.statistics,
            self.bits,
            self.settings.exponent_max,
            self.settings.multiplier_bits,
            self.clip,
            self.map_scales,
        )
        self.after_rounding(self)

    def description(self) -> dict[str, str]:
        """Everything that a distillation depends on; its partial file stores it."""
        return {
            "settings": json.dumps(dataclasses.asdict(self.settings)),
            "network": json.dumps(self.folded.architecture.to_dict()),
            "bits": json.dumps(self.bits),
            "weights": _digest(*self.folded.weights.values(), *self.folded.biases.values()),
            "pictures": _digest(torch.from_numpy(self.pixels)),
        }


def _digest(*tensors: torch.Tensor) -> str:
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
