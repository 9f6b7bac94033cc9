"""One run of the simulated accelerator: the job for the testbench, and its result.

`sim/run.py` writes a job to a folder and starts the simulator there. `sim/tb_accelerator.py`,
inside the simulator, reads the job and writes the result to the same folder.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

CHUNK = 32
"""Pixels that the testbench hands to the harness at a time; a wider port slows every cycle."""

JOB, PIXELS, RESULT = "job.json", "pixels.npy", "result.json"
BEATS, POOLED = "beats", "pooled"

WATCHES = (
    (BEATS, "watch_valid", "watch_values"),
    (POOLED, "watch_pool_valid", "watch_pool_word"),
)
"""A file, the port that is 1 when a value is to be recorded there, and the port with the value."""


@dataclass(frozen=True, eq=False)
class Job:
    """Frames to send, and how."""

    pixels: np.ndarray  # uint8 [N, H, W, C]
    order: list[int]  # indices into `pixels`, in sending order; repeats are allowed
    classes: int
    stall: int  # share of cycles, in 1/256, in which pixels wait and, independently, scores wait
    seed: int  # of the stalls, uint32, not 0
    abort_after: int | None  # cycles after which a first attempt is aborted; None for no abort
    patience: int  # cycles without a score after which the testbench stops
    watched: bool  # whether to record the watch ports

    def write(self, folder: Path) -> None:
        """Writes the job to `folder`."""
        values = {name: value for name, value in vars(self).items() if name != "pixels"}
        np.save(folder / PIXELS, self.pixels)
        (folder / JOB).write_text(json.dumps(values))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Reads the job from `folder`."""
        return cls(np.load(folder / PIXELS), **json.loads((folder / JOB).read_text()))


@dataclass(frozen=True, eq=False)
class Watched:
    """The values that left two blocks, in order."""

    beats: np.ndarray  # uint16 [beats, requantizer lanes], of the requantizer
    pooled: np.ndarray  # uint8 [words, CI], of the pool

    @classmethod
    def read(cls, folder: Path, lanes: int, ci: int) -> Self:
        """Reads the values that the testbench recorded in `folder`."""
        return cls(
            np.fromfile(folder / BEATS, "<u2").reshape(-1, lanes),
            np.fromfile(folder / POOLED, np.uint8).reshape(-1, ci),
        )


@dataclass(frozen=True, eq=False)
class Result:
    """The scores, frame by frame; fewer frames than were sent if the accelerator got stuck."""

    scores: np.ndarray  # int64 [N, classes]
    ends: np.ndarray  # int64 [N]: the cycle after reset in which each frame's last score was taken
    simulated: int  # cycles in all
    seconds: float  # spent simulating them
    watched: Watched | None = None  # kept in files of its own

    def write(self, folder: Path) -> None:
        """Writes the result to `folder`."""
        values = {
            "scores": self.scores.tolist(),
            "ends": self.ends.tolist(),
            "simulated": self.simulated,
            "seconds": self.seconds,
        }
        (folder / RESULT).write_text(json.dumps(values))

    @classmethod
    def read(cls, folder: Path, classes: int) -> Self | None:
        """Reads the result from `folder`; None if the testbench left none."""
        path = folder / RESULT
        if not path.exists():
            return None
        values = json.loads(path.read_text())
        return cls(
            scores=np.array(values["scores"], np.int64).reshape(-1, classes),
            ends=np.array(values["ends"], np.int64),
            simulated=values["simulated"],
            seconds=values["seconds"],
        )
