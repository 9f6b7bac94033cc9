"""Runs in the simulator: sends the requests of the job file, records the words read.

A request is `[action, burst, words, pause]`: `words` are written if `action` is 1, and the next
request follows `pause` cycles later. The plus argument `job` names the file.
"""

import json
from collections import deque
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ReadOnly, RisingEdge

PATIENCE = 10_000


@cocotb.test()
async def requests(dut):
    job = json.loads(Path(cocotb.plusargs["job"]).read_text())
    for name in ("valid", "action", "burst", "write_data", "hold", "rst"):
        getattr(dut, name).value = 0
    Clock(dut.clk, 2).start()
    await RisingEdge(dut.clk)
    written, read = deque(), []
    cocotb.start_soon(_write(dut, written))
    cocotb.start_soon(_read(dut, read))
    for action, burst, words, pause in job["requests"]:
        dut.valid.value, dut.action.value, dut.burst.value = 1, action, burst
        for _ in range(PATIENCE):
            await ReadOnly()
            ready = bool(dut.ready.value)
            await RisingEdge(dut.clk)
            if ready:
                break
        written += words
        dut.valid.value = 0
        for _ in range(pause):
            await RisingEdge(dut.clk)
    for _ in range(40):
        await RisingEdge(dut.clk)
    Path(job["result"]).write_text(json.dumps(read))


async def _write(dut, words):
    while True:
        await ReadOnly()
        taken = bool(dut.write_next.value)
        await RisingEdge(dut.clk)
        if taken:
            words.popleft()
        dut.write_data.value = words[0] if words else 0


async def _read(dut, words):
    while True:
        await ReadOnly()
        if dut.read_valid.value:
            words.append(int(dut.read_data.value))
        await RisingEdge(dut.clk)
