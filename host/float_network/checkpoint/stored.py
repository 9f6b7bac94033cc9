"""A tensor in a file: its shape is known, and its values are read when they are wanted."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ....errors import FirelineError

FLOATS = {
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
    "float64": torch.float64,
}
"""The types that are read; all become float32."""


@dataclass(frozen=True, eq=False)
class StoredTensor:
    """A tensor that has not been read yet."""

    kind: str  # its type, such as "float32", or "sparse", "quantized", ...
    shape: tuple[int, ...]  # () if the kind is none of FLOATS and does not tell
    load: Callable[[], torch.Tensor]  # raises ValueError if the file is damaged

    @property
    def is_readable(self) -> bool:
        """Whether the values are floats that can be read."""
        return self.kind in FLOATS

    def __str__(self) -> str:
        """The shape, or the kind if it cannot be read."""
        return "x".join(map(str, self.shape)) if self.is_readable else self.kind

    def read(self, where: str) -> torch.Tensor:
        """The values as float32, those too small for a normal float32 as zero.

        Raises FirelineError, which begins with ``where`` (file and name), when the values are no
        floats, not finite, or damaged.
        """
        if not self.is_readable:
            raise FirelineError(f"{where} is {self.kind}; save it as a dense float32 tensor")
        try:
            tensor = self.load().float().contiguous()
        except ValueError as error:
            raise FirelineError(f"{where} cannot be read ({error}); use an intact file") from error
        if not torch.isfinite(tensor).all():
            raise FirelineError(f"{where} holds NaN or infinity; train again")
        return torch.where(tensor.abs() < torch.finfo(torch.float32).tiny, 0.0, tensor)
