"""The settings of post-training quantization."""

from dataclasses import dataclass

from ....errors import FirelineError
from ...network.exponent_groups import EXPONENT_MAX
from ...network.quantized import MULTIPLIER_BITS

EFFORTS = ("fast", "full")  # each effort includes the steps of those before it


@dataclass(frozen=True)
class Settings:
    """The same settings, network, pictures and machine make the same integers.

    Raises FirelineError when a value is out of range.
    """

    effort: str = "fast"  # "fast" takes minutes; "full" adds the steps that train
    without: tuple[str, ...] = ()  # names of steps to leave out
    epochs: int = 60  # of distillation
    bfloat16: bool = False  # train in bfloat16, which is faster on processors that support it
    seed: int = 0
    exponent_max: int = EXPONENT_MAX  # the exponents of 4-bit weights are 0..exponent_max
    multiplier_bits: int = MULTIPLIER_BITS

    def __post_init__(self) -> None:
        if self.effort not in EFFORTS:
            raise FirelineError(f"effort {self.effort!r}; use {' or '.join(EFFORTS)}")
        for what, low, high in (
            ("epochs", 1, 100_000),
            ("seed", 0, 2**32 - 1),
            ("exponent_max", 0, 3),
            ("multiplier_bits", 1, 12),
        ):
            if not low <= getattr(self, what) <= high:
                raise FirelineError(
                    f"quantization: {what} is {getattr(self, what)}; use {low} to {high}"
                )


FAST = Settings()
