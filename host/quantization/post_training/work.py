"""What the stages of post-training quantization work on."""

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

Report = Callable[[float], None]  # the share of a stage that is done, 0..1


class Work:
    """A float network, the integers that are to agree with it, and pictures to learn from.

    A stage takes it and changes it: ``folded`` may be rewritten into other weights that compute the
    same function, and ``student``, the integers, is what it improves.
    """

    def __init__(
        self,
        folded: FoldedNetwork,
        pixels: np.ndarray,
        bits: Mapping[str, int],
        settings: Settings,
        partial: Path | None = None,
    ) -> None:
        """``pixels`` are uint8 [N, H, W, C], ``bits`` those of every layer.

        An interrupted distillation goes on from the file ``partial``, if there is to be one.
        Begins with rounding to nearest, see ``start``.
        """
        self.pixels, self.bits, self.settings, self.partial = pixels, bits, settings, partial
        self.learn_scales = False  # whether training moves the maps' scales, too
        self.after_rounding: Callable[[Work], None] = lambda work: None
        self.start(folded)

    def copy(self) -> "Work":
        """The same work with integers of its own: a stage replaces all else that it changes."""
        own = copy.copy(self)
        own.student = copy.deepcopy(self.student)
        return own

    def start(self, folded: FoldedNetwork) -> None:
        """Rounds a float network to nearest, with scales that cut nothing off."""
        self.folded = folded
        self.statistics = measure(folded, self.pixels)
        self.clip = False  # whether scales may cut off values where that pays
        self.map_scales: Mapping[str, float] = {}  # of the maps whose scales are settled
        self.round()

    def round(self) -> None:
        """Rounds the float network to nearest, with scales as they are settled by now.

        With ``after_rounding``, what belongs to it since the stage that set that.
        """
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
        """What a distillation depends on, for its partial file."""
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
