"""Runs in the simulator: executes the steps of the job file, records the result of each.

The plus argument `job` names the file. Its steps are:

- `leave STATES CYCLES`: waits while the state is one of STATES, CYCLES at most; returns the state.
- `load HEX`: asserts `load`, then sends these bytes.
- `send HEX`: sends bytes.
- `blocks GAPS WORDS`: requests a block of WORDS for each gap, that many cycles after the previous
  block's last word; returns the cycles from request to last word, and the words.
- `ask CYCLES`: asserts `block_wanted` for CYCLES; returns the words that arrive.
- `restart CYCLES`, `wait CYCLES`, `reset`.
"""

import json
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ReadOnly, RisingEdge

LONGEST = 100_000


@cocotb.test()
async def steps(dut):
    job = json.loads(Path(cocotb.plusargs["job"]).read_text())
    for name in ("load", "byte", "byte_valid", "restart", "block_wanted", "rst"):
        getattr(dut, name).value = 0
    Clock(dut.clk, 2).start()
    await RisingEdge(dut.clk)
    given = [await globals()[f"_{name}"](dut, *values) for name, *values in job["steps"]]
    Path(job["result"]).write_text(json.dumps(given))


async def _leave(dut, states, cycles):
    for _ in range(cycles):
        await RisingEdge(dut.clk)
        if int(dut.state.value) not in states:
            break
    return int(dut.state.value)


async def _load(dut, text):
    dut.load.value = 1
    await RisingEdge(dut.clk)
    dut.load.value = 0
    await _send(dut, text)


async def _send(dut, text):
    for byte in bytes.fromhex(text):
        dut.byte.value, dut.byte_valid.value = byte, 1
        while True:
            await ReadOnly()
            ready = dut.byte_ready.value
            await RisingEdge(dut.clk)
            if ready:
                break
    dut.byte_valid.value = 0


async def _blocks(dut, gaps, words):
    given = []
    for gap in gaps:
        await _wait(dut, gap)
        dut.block_wanted.value = 1
        came, cycles = [], 0
        while len(came) < words and cycles < LONGEST:
            await ReadOnly()
            cycles += 1
            if dut.word_valid.value:
                came.append(int(dut.word.value))
            await RisingEdge(dut.clk)
            dut.block_wanted.value = 0
        given.append([cycles, came])
    return given


async def _ask(dut, cycles):
    dut.block_wanted.value = 1
    came = []
    for _ in range(cycles):
        await ReadOnly()
        if dut.word_valid.value:
            came.append(int(dut.word.value))
        await RisingEdge(dut.clk)
    dut.block_wanted.value = 0
    return came


async def _restart(dut, cycles):
    dut.restart.value = 1
    await _wait(dut, cycles)
    dut.restart.value = 0


async def _wait(dut, cycles):
    for _ in range(cycles):
        await RisingEdge(dut.clk)


async def _reset(dut):
    dut.rst.value = 1
    await RisingEdge(dut.clk)
    dut.rst.value = 0
