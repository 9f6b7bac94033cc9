"""A build's folder: the names of its files, and its summary."""

import json
import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from ...errors import FirelineError

SUMMARY = "build.json"
BITSTREAM = "fireline.bit"
NETWORK = "network.fireline"
FLOORPLAN = "floorplan.json"
SLOW_PATHS = "slow_paths.json"

CELLS = {
    "luts": "TRELLIS_COMB",
    "ffs": "TRELLIS_FF",
    "multipliers": "MULT18X18D",
    "block_rams": "DP16KD",
}
"""Each resource that a summary counts, and nextpnr's name for it."""

MAY_BE_ZERO = ("used", "seed", "head_rows", "head_overlaid", "verified")


@dataclass(frozen=True)
class Usage:
    """How many cells of one kind a design uses, and how many the device has."""

    used: int
    available: int

    def __str__(self):
        return f"{self.used} of {self.available}"


@dataclass(frozen=True)
class BuildSummary:
    """The figures of a build."""

    board: str
    network: str  # CRC-32, in hexadecimal; "selftest" if there is none
    baud: int
    clock_mhz: float  # the PLL's output
    fmax_mhz: float  # the fastest clock that the routed design meets, as nextpnr reports it
    luts: Usage
    ffs: Usage
    multipliers: Usage
    block_rams: Usage
    seed: int
    bitstream: str  # file name, beside the summary
    array: str = ""  # such as 8x8; empty when no network was compiled for it
    head_rows: int = 0  # of a streamed classifier's input, as in `StreamedHead`
    head_overlaid: int = 0
    checks: list = field(default_factory=list)  # what was read back from the bitstream and is right
    verified: int = 0  # scores of the simulated netlist that equal the golden model's

    @property
    def meets_timing(self) -> bool:
        return self.fmax_mhz >= self.clock_mhz

    def frames_per_second(self, cycles: int) -> float:
        """Frame rate at `cycles` a frame; at `fmax_mhz` if the design misses its clock."""
        return min(self.clock_mhz, self.fmax_mhz) * 1e6 / cycles

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads the file; raises FirelineError if it is missing or damaged."""
        try:
            values = json.loads(path.read_text())
            values |= {cell: Usage(**values[cell]) for cell in CELLS}
            summary = cls(**values)
            _check(summary)
            return summary
        except FileNotFoundError:
            raise FirelineError(f"{path.parent} holds no build: run fireline build first") from None
        except (OSError, ValueError, TypeError, KeyError):
            raise FirelineError(f"{path} is not a build's summary: build again") from None


def _check(record: BuildSummary | Usage) -> None:
    """Raises TypeError or ValueError if a field has a value that no build gives."""
    for each in fields(record):
        value = getattr(record, each.name)
        expected: Any = (int, float) if each.type is float else each.type
        if not isinstance(value, expected):
            raise TypeError(each.name)
        if isinstance(value, Usage):
            _check(value)
        elif value == 0 and each.name in MAY_BE_ZERO:
            continue
        elif isinstance(value, (int, float)) and not 0 < value < math.inf:
            raise ValueError(each.name)
    if isinstance(record, BuildSummary) and Path(record.bitstream).name != record.bitstream:
        raise ValueError("bitstream")  # it is beside the summary
