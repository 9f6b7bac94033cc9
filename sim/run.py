"""Frames through the simulated accelerator."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import FirelineError
from ..host.compiler.compile import Compiled
from ..host.tools import PIP, Tools
from ..hw import verilog
from ..hw.sdram.chip import SdramGeometry
from . import harness
from .job import Job, Result, Watched
from .sdram import SOURCE, contents_text, model_source
from .simulator import Simulator, build

TESTBENCH = "fireline.sim.tb_accelerator"


def build_simulator(
    compiled: Compiled,
    cache: Path | None = None,
    *,
    watched: bool = False,
    traced: bool = False,
    tools: Tools = PIP,
) -> Simulator:
    """Compiles the accelerator's Verilog file with the harness around it.

    `watched` adds the watch ports, `traced` the ability to write waveforms. `cache` keeps compiled
    simulators. Raises FirelineError when a tool is missing or the compilation fails.
    """
    around = harness.Harness(compiled.program, watched=watched, head=compiled.streamed)
    sources = {
        "fireline.v": verilog.to_verilog(compiled.program, watched=watched),
        "harness.v": harness.to_verilog(around),
    }
    if compiled.streamed:
        sources[SOURCE] = model_source()
    return build(sources, harness.NAME, harness.ports(around), cache, traced=traced, tools=tools)


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
    vcd: Path | None = None,
) -> Result:
    """Sends the frames of pixels, uint8 [N, H, W, C], in the given order, back to back.

    Pixels wait in the share `stall` of all cycles, at random, and so do scores; equal seeds give
    equal runs. With `abort_after`, the frames are first sent for that many cycles, then aborted and
    sent again. The run stops early when no score comes for `patience` cycles, by default more than
    four frames'. `watched` and `vcd`, the file for a waveform, need a simulator built for it.

    Raises FirelineError when the simulation fails.
    """
    program = compiled.program
    if patience is None:
        frame = compiled.timing.cycles + program.window.height * program.window.width
        patience = 10_000 + int(4 * frame / (1 - stall))
    job = Job(
        pixels=pixels,
        order=list(order),
        classes=program.classes,
        stall=round(256 * stall),
        seed=(2 * seed + 1) % (1 << 32),
        abort_after=abort_after,
        patience=patience,
        watched=watched,
    )
    with tempfile.TemporaryDirectory(prefix="fireline-") as name:
        folder = Path(name)
        job.write(folder)
        arguments = {"folder": folder}
        if compiled.class_blocks:
            arguments["sdram_contents"] = folder / "head.hex"
            arguments["sdram_contents"].write_text(
                contents_text(compiled.class_blocks, SdramGeometry())
            )
        simulator.run(TESTBENCH, arguments, folder, vcd)
        result = Result.read(folder, program.classes)
        if result is None:
            raise FirelineError("simulation: it ended without a result; run it again")
        if watched:
            lanes, ci = program.requantizer_lanes, program.array.ci
            result = replace(result, watched=Watched.read(folder, lanes, ci))
    return result
