"""Frames through the simulated accelerator."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import FirelineError
from ..host.compiler.compile import Compiled
from ..hw import verilog
from ..hw.sdram.chip import SdramGeometry
from . import harness
from .sdram import SOURCE, contents_text, model_source
from .verilator import Simulator, build

TEST = "fireline.sim.tb_accelerator"


@dataclass(frozen=True, eq=False)
class Watched:
    """What left two blocks, in order."""

    beats: np.ndarray  # uint16 [beats, lanes], of the requantizer
    pooled: np.ndarray  # uint8 [words, CI], of the pool


@dataclass(frozen=True, eq=False)
class Run:
    """What came back, frame by frame; fewer frames than were sent if it got stuck."""

    scores: np.ndarray  # int64 [N, classes]
    ends: np.ndarray  # int64 [N]: the cycle after reset in which each frame's last score was taken
    simulated: int  # cycles in all
    seconds: float
    watched: Watched | None


def build_simulator(
    compiled: Compiled, cache: Path | None = None, *, watched: bool = False
) -> Simulator:
    """Compiles the accelerator's Verilog file with the harness around it.

    Raises FirelineError when a tool is missing or the compilation fails.
    """
    around = harness.Harness(compiled.program, watched=watched, head=compiled.streamed)
    sources = {
        "fireline.v": verilog.to_verilog(compiled.program, watched=watched),
        "harness.v": harness.to_verilog(around),
    }
    if compiled.streamed:
        sources[SOURCE] = model_source()
    return build(sources, harness.NAME, harness.ports(around), cache)


def run(
    simulator: Simulator,
    compiled: Compiled,
    pixels: np.ndarray,
    order: Sequence[int],
    *,
    stall: float = 0.0,
    seed: int = 0,
    abort_after: int | None = None,
    patience: int | None = None,
    watched: bool = False,
) -> Run:
    """Sends the frames of pixels, uint8 [N, H, W, C], in that order, back to back.

    Either end waits in the share `stall` of all cycles, at random; equal seeds give equal runs.
    With `abort_after`, the frames are first sent for so many cycles, then aborted and sent again.
    It ends early when no score comes for `patience` cycles, by default many times a frame's.
    `watched` needs a simulator built so. Raises FirelineError when the simulation fails.
    """
    program = compiled.program
    if patience is None:
        frame = compiled.timing.cycles + program.window.height * program.window.width
        patience = 10_000 + int(4 * frame / (1 - stall))
    with tempfile.TemporaryDirectory(prefix="fireline-") as name:
        folder = Path(name)
        job, result = folder / "job.json", folder / "result.json"
        beats, pooled = folder / "beats", folder / "pooled"
        watch = [
            ("watch_valid", "watch_values", str(beats)),
            ("watch_pool_valid", "watch_pool_word", str(pooled)),
        ]
        np.save(folder / "pixels.npy", pixels)
        job.write_text(
            json.dumps(
                {
                    "pixels": str(folder / "pixels.npy"),
                    "frames": list(order),
                    "chunk": harness.CHUNK,
                    "classes": program.classes,
                    "pixel_stall": round(256 * stall),
                    "score_stall": round(256 * stall),
                    "seed": (2 * seed + 1) % (1 << 32),
                    "abort_after": abort_after,
                    "patience": patience,
                    "result": str(result),
                    "watch": watch if watched else [],
                }
            )
        )
        plus = {"job": job}
        if compiled.class_blocks:
            plus["sdram_contents"] = folder / "head.hex"
            plus["sdram_contents"].write_text(contents_text(compiled.class_blocks, SdramGeometry()))
        simulator.run(TEST, plus, folder)
        if not result.exists():
            raise FirelineError("simulation: it ended without a result; run it again")
        found = json.loads(result.read_text())
        seen = None
        if watched:
            seen = Watched(
                np.fromfile(beats, "<u2").reshape(-1, program.requantizer_lanes),
                np.fromfile(pooled, np.uint8).reshape(-1, program.array.ci),
            )
    return Run(
        np.array(found["scores"], np.int64).reshape(-1, program.classes),
        np.array(found["cycles"], np.int64),
        found["simulated"],
        found["seconds"],
        seen,
    )
