"""A build's folder: the names of its files, and its summary."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Self

from msgspec import Meta

from ...errors import FirelineError
from ..reading import read_record

SUMMARY = "build.json"
BITSTREAM = "fireline.bit"
NETWORK = "network.fireline"
FLOORPLAN = "floorplan.json"
SLOW_PATHS = "slow_paths.json"
FILES = (BITSTREAM, FLOORPLAN, SLOW_PATHS, NETWORK, SUMMARY)

CELLS = {
    "luts": "TRELLIS_COMB",
    "ffs": "TRELLIS_FF",
    "multipliers": "MULT18X18D",
    "block_rams": "DP16KD",
}
"""Each resource that a summary counts, and nextpnr's name for it."""

Count = Annotated[int, Meta(ge=0, le=10**9)]
Rows = Annotated[int, Meta(ge=0, le=1024)]  # of a map; no picture is higher
Megahertz = Annotated[float, Meta(gt=0, le=10**4)]


@dataclass(frozen=True)
class Usage:
    """How many cells of one kind a design uses, and how many the device has."""

    used: Count
    available: Annotated[int, Meta(ge=1, le=10**9)]

    def __str__(self):
        return f"{self.used} of {self.available}"


@dataclass(frozen=True)
class BuildSummary:
    """The figures of a build."""

    board: str
    network: str  # CRC-32, in hexadecimal; "selftest" if there is none
    baud: Annotated[int, Meta(ge=1, le=10**9)]
    clock_mhz: Megahertz  # the PLL's output
    fmax_mhz: Megahertz  # the fastest clock that the routed design meets, as nextpnr reports it
    luts: Usage
    ffs: Usage
    multipliers: Usage
    block_rams: Usage
    seed: Count
    bitstream: Annotated[str, Meta(pattern=r"^\w[\w.-]*$")]  # file name, beside the summary
    array: str = ""  # such as 8x8; empty when no network was compiled for it
    head_rows: Rows = 0  # of a streamed classifier's input, as in `StreamedHead`
    head_overlaid: Rows = 0
    checks: list[str] = field(default_factory=list)  # what was read back from the bitstream
    verified: Count = 0  # scores of the simulated netlist that equal the golden model's
    tools: dict[str, str] = field(default_factory=dict)  # version, and whether of pip or PATH

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
        if not path.exists():
            raise FirelineError(f"{path.parent} holds no build: run fireline build first")
        return read_record(path, cls, "build summary", "build again")
