"""Runs in the simulator: sends pictures through `examples/classifier.v`, notes scores and classes.

The plus argument `job` names a file in JSON: `pixels`, one integer each; `frames`, how many end;
`result`, a file to write.
"""

import json
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ReadOnly, RisingEdge

PATIENCE = 100_000


@cocotb.test()
async def frames(dut):
    job = json.loads(Path(cocotb.plusargs["job"]).read_text())
    dut.rst.value, dut.pixel_valid.value, dut.pixel_data.value = 1, 0, 0
    Clock(dut.clk, 2).start()
    for _ in range(2):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    sending = cocotb.start_soon(_send(dut, job["pixels"]))
    scores, classes = [], []
    for _ in range(PATIENCE):
        await ReadOnly()
        if dut.score_valid.value:
            scores.append(int(dut.score_data.value))
        if dut.class_valid.value:
            classes.append(int(dut.class_index.value))
        if len(classes) == job["frames"]:
            break
        await RisingEdge(dut.clk)
    sending.cancel()
    Path(job["result"]).write_text(json.dumps([scores, classes]))


async def _send(dut, pixels):
    dut.pixel_valid.value = 1
    for pixel in pixels:
        dut.pixel_data.value = pixel
        while True:
            await ReadOnly()
            taken = bool(dut.pixel_ready.value)
            await RisingEdge(dut.clk)
            if taken:
                break
    dut.pixel_valid.value = 0
