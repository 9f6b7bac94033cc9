"""Runs in the simulator: sends frames through the harness and notes what comes back.

The plus argument `job` names a file in JSON: `pixels` (a file of uint8 [N, H, W, C], from numpy),
`frames` (their order), `classes`, `pixel_stall`, `score_stall` (of 256), `seed`, `abort_after`
(cycles, or null), `patience` (cycles without a score that are too many), `result` and `watch`
(files to write; `watch` may be null). The result: `scores` and the `cycles` in which each frame's
last one was taken (up to the first frame that did not come), `simulated` cycles and `seconds`.
`watch` gets the bytes of every beat that left the requantizer, one after the other.
"""

import json
import time
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge, SimTimeoutError, Timer, ValueChange, with_timeout

PERIOD = 2
"""Of the clock, in steps of simulated time."""


@cocotb.test()
async def frames(dut):
    """Does the job."""
    job = json.loads(Path(cocotb.plusargs["job"]).read_text())
    rows = _rows(np.load(job["pixels"])[job["frames"]])
    await _reset(dut, job)
    started = time.perf_counter()
    if job["abort_after"]:
        await _abort(dut, rows, job["abort_after"])
    feeding = cocotb.start_soon(_feed(dut, rows))
    watching = cocotb.start_soon(_watch(dut, job["watch"])) if job["watch"] else None
    scores, cycles = await _collect(dut, len(job["frames"]), job["classes"], job["patience"])
    seconds = time.perf_counter() - started
    simulated = cocotb.utils.get_sim_time() // PERIOD
    feeding.cancel()
    if watching:
        watching.cancel()
    result = {"scores": scores, "cycles": cycles, "simulated": simulated, "seconds": seconds}
    Path(job["result"]).write_text(json.dumps(result))


def _rows(pixels: np.ndarray) -> list[int]:
    """Each row of pixels as one integer, the first byte lowest."""
    rows = pixels.reshape(-1, pixels.shape[2] * pixels.shape[3])
    return [int.from_bytes(row.tobytes(), "little") for row in rows]


async def _reset(dut, job: dict) -> None:
    dut.row.value = dut.more.value = dut.abort.value = 0
    dut.pixel_stall.value, dut.score_stall.value = job["pixel_stall"], job["score_stall"]
    dut.seed.value = job["seed"]
    dut.rst.value = 1
    Clock(dut.clk, PERIOD).start()
    await RisingEdge(dut.clk)
    await RisingEdge(dut.clk)
    dut.rst.value = 0


async def _abort(dut, rows: list[int], after: int) -> None:
    """Sends rows for so many cycles and then aborts."""
    feeding = cocotb.start_soon(_feed(dut, rows))
    await Timer(after * PERIOD)
    feeding.cancel()
    dut.more.value, dut.abort.value = 0, 1
    await RisingEdge(dut.clk)
    await RisingEdge(dut.clk)
    dut.abort.value = 0


async def _feed(dut, rows: list[int]) -> None:
    for row in rows:
        dut.row.value, dut.more.value = row, 1
        await ValueChange(dut.rows)
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


async def _watch(dut, path: str) -> None:
    size = len(dut.watch_values) // 8
    with open(path, "wb") as file:
        while True:
            await RisingEdge(dut.clk)
            if dut.watch_valid.value:
                file.write(int(dut.watch_values.value).to_bytes(size, "little"))
