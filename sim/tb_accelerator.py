"""Testbench of the accelerator; runs inside the simulator, around the harness.

The plus argument `folder` names the folder that holds the job and gets the result (`sim/job.py`).
"""

import time
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge, SimTimeoutError, Timer, ValueChange, with_timeout
from fireline.sim.job import CHUNK, WATCHES, Job, Result

PERIOD = 2
"""Steps of simulated time in a cycle of the harness's clock."""


@cocotb.test()
async def frames(dut):
    """Sends the job's frames and writes their scores."""
    folder = Path(str(cocotb.plusargs["folder"]))
    job = Job.read(folder)
    chunks = _chunks(job.pixels[job.order])
    await _reset(dut, job)
    started = time.perf_counter()
    if job.abort_after:
        await _abort(dut, chunks, job.abort_after)
    tasks = [cocotb.start_soon(_feed(dut, chunks))]
    if job.watched:
        tasks += [
            cocotb.start_soon(_record(dut, valid, value, folder / file))
            for file, valid, value in WATCHES
        ]
    scores, ends = await _collect(dut, job)
    seconds = time.perf_counter() - started
    for task in tasks:
        task.cancel()
    simulated = cocotb.utils.get_sim_time() // PERIOD
    Result(np.array(scores), np.array(ends), simulated, seconds).write(folder)


def _chunks(pixels: np.ndarray) -> list[int]:
    """The pixels, CHUNK of them in an integer, the first byte lowest."""
    values, size = pixels.tobytes(), CHUNK * pixels.shape[3]
    return [int.from_bytes(values[at : at + size], "little") for at in range(0, len(values), size)]


async def _reset(dut, job: Job) -> None:
    dut.pixels.value = dut.more.value = dut.abort.value = 0
    dut.pixel_stall.value = dut.score_stall.value = job.stall
    dut.seed.value = job.seed
    dut.reset.value = 1
    await RisingEdge(dut.clk)
    await RisingEdge(dut.clk)
    dut.reset.value = 0


async def _abort(dut, chunks: list[int], after: int) -> None:
    """Sends chunks for `after` cycles and then aborts."""
    feeding = cocotb.start_soon(_feed(dut, chunks))
    await Timer(after * PERIOD)
    feeding.cancel()
    dut.more.value, dut.abort.value = 0, 1
    await RisingEdge(dut.clk)
    await RisingEdge(dut.clk)
    dut.abort.value = 0


async def _feed(dut, chunks: list[int]) -> None:
    """Offers every chunk until the harness has taken it."""
    for chunk in chunks:
        dut.pixels.value, dut.more.value = chunk, 1
        await ValueChange(dut.chunks)
    dut.more.value = 0


async def _collect(dut, job: Job) -> tuple[list[list[int]], list[int]]:
    """Every frame's scores and end, up to the first frame that does not come."""
    scores: list[list[int]] = []
    ends: list[int] = []
    for _ in job.order:
        frame = []
        for label in range(job.classes):
            try:
                await with_timeout(ValueChange(dut.scores), job.patience * PERIOD)
            except SimTimeoutError:
                return scores, ends
            frame.append(int(dut.score.value))
            if bool(dut.last.value) != (label == job.classes - 1):
                raise RuntimeError(f"error: score_last is {dut.last.value} at class {label}")
        scores.append(frame)
        ends.append(int(dut.cycle.value))
    return scores, ends


async def _record(dut, valid: str, value: str, path: Path) -> None:
    """Writes the port `value` to a file, little endian, in every cycle in which `valid` is 1."""
    valid_port, value_port = getattr(dut, valid), getattr(dut, value)
    with path.open("wb") as file:
        while True:
            await RisingEdge(dut.clk)
            if valid_port.value:
                file.write(int(value_port.value).to_bytes(len(value_port) // 8, "little"))
