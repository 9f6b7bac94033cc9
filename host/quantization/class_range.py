"""The values of the classifier's map that its integers cover: a common offset and a scale.

Without a last ReLU, a class has negative values too, but the hardware computes the ReLU. The same
offset, added to all classes, makes the values positive and keeps the order of the classes.
"""

import math
from dataclasses import dataclass

import torch

from ...errors import FirelineError
from .calibrate import Statistics

HEADROOM = 1.5  # with a last ReLU: the range divided by the greatest value of calibration
MARGIN = 0.5  # without: on each side, the range beyond calibration, divided by its spread
TOLERANCE = 0.01  # distance of the class distribution that rounding may cause
SHARES = [4.0**-step for step in range(64)]  # of the whole spread, that are tried


@dataclass(frozen=True)
class ClassRange:
    """Real values from ``-offset`` to ``greatest - offset`` become integers from 0 to 65535."""

    offset: float
    greatest: float

    def distance(self, logits: torch.Tensor, maximum: int) -> float:
        """Total variation distance, 0..1, that rounding logits [N, classes] causes."""
        scale, exact = self.greatest / maximum, logits.double()
        integers = ((exact + self.offset) / scale).round().clamp(0, maximum)
        found = integers * scale - self.offset
        return float((found.softmax(1) - exact.softmax(1)).abs().sum(1).mean() / 2)


def class_range(statistics: Statistics, name: str, last_relu: bool, maximum: int) -> ClassRange:
    """The range of the classifier's map, called ``name``, whose greatest integer is ``maximum``.

    With a last ReLU, it begins at 0. Without, it covers every value of the calibration pictures,
    and as much again. A range from the least value is cut off below if its integers are too coarse
    to tell the classes apart: such a class is far from winning. Raises FirelineError for values
    that are too great for float32.
    """
    highest = float(statistics.samples[name].max())
    if last_relu:
        return ClassRange(0.0, HEADROOM * highest)
    whole = highest - statistics.least or 1.0
    best: ClassRange | None = None
    nearest = math.inf
    for share in SHARES:
        spread = share * whole
        tried = ClassRange((1 + MARGIN) * spread - highest, (1 + 2 * MARGIN) * spread)
        distance = tried.distance(statistics.logits, maximum)
        if best is None or distance < nearest:
            best, nearest = tried, distance
        if distance <= TOLERANCE:
            break
    assert best is not None
    if best.greatest > torch.finfo(torch.float32).max:
        raise FirelineError(
            f"layer {name}: its values exceed float32 on the calibration pictures; "
            "check the weights and --preprocess"
        )
    return best
