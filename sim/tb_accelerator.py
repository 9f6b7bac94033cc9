"""Runs in the simulator: sends frames through the harness and notes what comes back.

The plus argument `job` names a file in JSON: `pixels` (a file of uint8 [N, H, W, C], from numpy),
`frames` (their order), `chunk` (pixels), `classes`, `pixel_stall`, `score_stall` (of 256), `seed`,
`abort_after` (cycles, or null), `patience` (cycles without a score that are too many), `result` (a
file to write) and `watch` (triples of a port that tells when, one that tells what, and a file that
gets the bytes, one value after the other). The result: `scores` and the `cycles` in which each
frame's last one was taken (up to the first frame that did not come), `simulated` cycles and
`seconds`.
"""

import json
import time
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge, SimTimeoutError, Timer, ValueChange, with_timeout

PERIOD = 2
"""Of the clock that the harness makes, in steps of simulated time."""


@cocotb.test()
async def frames(dut):
    """Does the job."""
    job = json.loads(Path(cocotb.plusargs["job"]).read_text())
    chunks = _chunks(np.load(job["pixels"])[job["frames"]], job["chunk"])
    await _reset(dut, job)
    started = time.perf_counter()
    if job["abort_after"]:
        await _abort(dut, chunks, job["abort_after"])
    feeding = cocotb.start_soon(_feed(dut, chunks))
    watching = [cocotb.start_soon(_watch(dut, *each)) for each in job["watch"]]
    scores, cycles = await _collect(dut, len(job["frames"]), job["classes"], job["patience"])
    seconds = time.perf_counter() - started
    simulated = cocotb.utils.get_sim_time() // PERIOD
    feeding.cancel()
    for each in watching:
        each.cancel()
    result = {"scores": scores, "cycles": cycles, "simulated": simulated, "seconds": seconds}
    Path(job["result"]).write_text(json.dumps(result))


def _chunks(pixels: np.ndarray, count: int) -> list[int]:
    """So many pixels at a time as one integer, the first byte lowest."""
    values, size = pixels.tobytes(), count * pixels.shape[3]
    return [int.from_bytes(values[at : at + size], "little") for at in range(0, len(values), size)]


async def _reset(dut, job: dict) -> None:
    dut.pixels.value = dut.more.value = dut.abort.value = 0
    dut.pixel_stall.value, dut.score_stall.value = job["pixel_stall"], job["score_stall"]
    dut.seed.value = job["seed"]
    dut.reset.value = 1
    await RisingEdge(dut.clk)
    await RisingEdge(dut.clk)
    dut.reset.value = 0


async def _abort(dut, chunks: list[int], after: int) -> None:
    """Sends chunks for so many cycles and then aborts."""
    feeding = cocotb.start_soon(_feed(dut, chunks))
    await Timer(after * PERIOD)
    feeding.cancel()
    dut.more.value, dut.abort.value = 0, 1
    await RisingEdge(dut.clk)
    await RisingEdge(dut.clk)
    dut.abort.value = 0


async def _feed(dut, chunks: list[int]) -> None:
    for chunk in chunks:
        dut.pixels.value, dut.more.value = chunk, 1
        await ValueChange(dut.chunks)
    dut.more.value = 0


async def _collect(
    dut, frames: int, classes: int, patience: int
) -> tuple[list[list[int]], list[int]]:
    scores, cycles = [], []
    for _ in range(frames):
        frame = []
        for label in range(classes):
            try:
                await with_timeout(ValueChange(dut.scores), patience * PERIOD)
            except SimTimeoutError:
                return scores, cycles
            frame.append(int(dut.score.value))
            if bool(dut.last.value) != (label == classes - 1):
                raise RuntimeError(f"error: score_last is {dut.last.value} at class {label}")
        scores.append(frame)
        cycles.append(int(dut.cycle.value))
    return scores, cycles


async def _watch(dut, valid: str, values: str, path: str) -> None:
    valid, values = getattr(dut, valid), getattr(dut, values)
    with open(path, "wb") as file:
        while True:
            await RisingEdge(dut.clk)
            if valid.value:
                file.write(int(values.value).to_bytes(len(values) // 8, "little"))
