"""Cycles of a frame: the compiler's prediction, and the simulation."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...host.compiler.compile import Compiled
from ...host.network.architecture import Architecture
from ..compare import simulate

Tell = Callable[[str], None]
"""Called with a line about the progress."""


@dataclass(frozen=True)
class Cycles:
    """A network on an array: the prediction and, if it was simulated, the simulation."""

    network: str
    array: str
    predicted: int  # cycles a frame, frames back to back
    utilisation: float
    simulated: int | None = None  # the same, in the simulation
    mismatches: int | None = None  # scores that differ from the golden model's
    cycles_per_second: float | None = None  # of the simulation

    @property
    def wrong(self) -> bool:
        """Whether the simulation contradicts the prediction or the golden model."""
        return self.simulated not in (None, self.predicted) or bool(self.mismatches)


def measure_cycles(
    compiled: Compiled, pixels: np.ndarray | None = None, tell: Tell | None = None
) -> Cycles:
    """The prediction and, with pixels, uint8 [N, H, W, C], the simulation."""
    cycles = Cycles(
        compiled.network.architecture.name,
        str(compiled.program.array),
        compiled.timing.cycles,
        compiled.utilisation,
    )
    if pixels is None:
        return cycles
    result = simulate(compiled, pixels, progress=tell)
    return dataclasses.replace(
        cycles,
        simulated=result.cycles_per_frame,
        mismatches=result.mismatches,
        cycles_per_second=result.cycles_per_second,
    )


def random_pixels(architecture: Architecture, count: int) -> np.ndarray:
    """Frames of noise, uint8 [count, H, W, C]; equal arguments give equal frames."""
    shape = count, architecture.height, architecture.width, architecture.channels
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)
