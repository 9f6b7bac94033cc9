"""The hyperparameters of a training."""

import math
from dataclasses import dataclass

from ...errors import FirelineError


@dataclass(frozen=True)
class Recipe:
    """The hyperparameters of a training.

    The same recipe, pictures and machine give the same network. Raises FirelineError when a value
    is out of range.
    """

    epochs: int = 90
    batch: int = 128  # pictures
    optimizer: str = "sgd"  # "sgd", with Nesterov momentum 0.9, or "adamw"
    learning_rate: float = 0.1  # at its peak
    warmup: float = 0.02  # share of the training in which the learning rate climbs to its peak
    weight_decay: float = 5e-4
    label_smoothing: float = 0.05
    dropout: float = 0.0  # before the classifier
    bfloat16: bool = False  # compute in bfloat16, which is faster on processors that support it
    seed: int = 0

    def __post_init__(self) -> None:
        if self.optimizer not in ("sgd", "adamw"):
            raise FirelineError(f"training: optimizer is {self.optimizer!r}; use sgd or adamw")
        for what, low, high in (
            ("epochs", 1, 100_000),
            ("batch", 2, 65_536),
            ("learning_rate", 0, 10),
            ("warmup", 0, 0.9),
            ("weight_decay", 0, 1),
            ("label_smoothing", 0, 0.9),
            ("dropout", 0, 0.9),
            ("seed", 0, 2**32 - 1),
        ):
            if not low <= getattr(self, what) <= high:
                raise FirelineError(
                    f"training: {what} is {getattr(self, what)}; use {low} to {high}"
                )

    def rate(self, done: float) -> float:
        """The learning-rate schedule: the rate when a share of the training, 0..1, is done.

        The rate climbs linearly from zero, then follows half a cosine down to zero, as in
        Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017,
        without restarts.
        """
        if done < self.warmup:
            return self.learning_rate * done / self.warmup
        angle = math.pi * (done - self.warmup) / (1 - self.warmup)
        return self.learning_rate * (1 + math.cos(angle)) / 2


QUANTIZED = Recipe(epochs=8, optimizer="adamw", learning_rate=1e-4, weight_decay=0.0)
"""For a trained network with quantization in the loop."""
