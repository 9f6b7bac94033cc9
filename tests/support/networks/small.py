"""Small networks whose accelerators simulate in seconds, and their simulation."""

import numpy as np
from amaranth.sim import Simulator
from fireline.host.compiler.compile import Compiled, compile_network
from fireline.host.network.architecture import (
    Architecture,
    Bypass,
    Conv1,
    Fire,
    MaxPool,
    Preprocessing,
)
from fireline.host.network.random_network import random_network
from fireline.hw.accelerator import Accelerator
from fireline.hw.output.output_groups import DRAIN_FIELDS
from fireline.hw.program import ArrayShape
from fireline.hw.tables import Tables

PREPROCESSING = Preprocessing("rgb", 1 / 255, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def fire(squeeze: int, expand1x1: int, expand3x3: int, bypass: str = "none") -> Fire:
    return Fire(squeeze, expand1x1, expand3x3, Bypass(bypass))


def network(*stages, height=6, width=5, classes=3) -> Architecture:
    """A small RGB network; a stage is a Conv1, "pool" or a Fire."""
    built = tuple(MaxPool() if stage == "pool" else stage for stage in stages)
    return Architecture("small", 3, height, width, PREPROCESSING, built, classes)


TINY = network(Conv1(6, 3, 1, 1), "pool", fire(4, 4, 5))


def compiled(
    architecture: Architecture, array="4x4", bits=4, seed=0, lanes=None, head=None
) -> Compiled:
    """A network with random weights, compiled for an array such as "8x8"."""
    ci, co = map(int, array.split("x"))
    quantized = random_network(architecture, seed, bits)
    return compile_network(quantized, ArrayShape(ci, co), lanes, head)


def pictures(architecture: Architecture, count: int, seed=0) -> np.ndarray:
    """Random pixels, uint8 [count, height, width, channels]."""
    shape = (count, architecture.height, architecture.width, architecture.channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def simulate(job: Compiled, pixels: np.ndarray, stall=0.0, abort_after=None):
    """Runs Amaranth's simulator; returns scores [frames, classes] and each last score's cycle.

    `stall` is the probability that a side stalls in a cycle. With `abort_after`, that many random
    pixels and an abort precede the frames. A streamed classifier's weights arrive as from the
    SDRAM: a class block's last word comes `load_cycles - 1` cycles after the block is wanted.
    """
    accelerator = Accelerator(job.program)
    random = np.random.default_rng(1)
    frames, cycles, cycle = [], [], 0
    limit = (job.timing.cycles + 3000) * (len(pixels) + 2) * (8 if stall else 1)

    async def source(ctx):
        port = accelerator.pixel
        if abort_after is not None:
            ctx.set(port.valid, 1)
            for _ in range(abort_after):
                ctx.set(port.payload, random.integers(0, 256, 3).tolist())
                await ctx.tick()
            ctx.set(port.valid, 0)
            ctx.set(accelerator.abort, 1)
            await ctx.tick().repeat(2)
            ctx.set(accelerator.abort, 0)
        for pixel in pixels.reshape(-1, pixels.shape[-1]).tolist():
            while random.random() < stall:
                await ctx.tick()
            ctx.set(port.payload, pixel)
            ctx.set(port.valid, 1)
            await ctx.tick().until(port.ready)
            ctx.set(port.valid, 0)

    async def reader(ctx):
        head, words = job.program.head, np.frombuffer(job.class_blocks, "<u2").tolist()
        stream, number, wait = accelerator.head, 0, 0
        async for *_, wanted, abort in ctx.tick().sample(
            accelerator.block_wanted, accelerator.abort
        ):
            if abort:
                number = wait = 0
            elif wait or wanted:
                wait = wait - 1 if wait else head.load_cycles - 1
            sending = not abort and 0 < wait <= head.stream_words
            ctx.set(stream.valid, sending)
            if sending:
                ctx.set(stream.payload, words[number])
                number = (number + 1) % len(words)

    async def sink(ctx):
        nonlocal cycle
        port, scores = accelerator.score, []
        while len(frames) < len(pixels) and cycle < limit:
            ctx.set(port.ready, random.random() >= stall)
            *_, valid, ready, payload = await ctx.tick().sample(
                port.valid, port.ready, port.payload
            )
            cycle += 1
            if valid and ready:
                scores.append(payload.score)
                if payload.last:
                    frames.append(scores)
                    cycles.append(cycle)
                    scores = []

    simulator = Simulator(accelerator)
    simulator.add_clock(1e-6)
    simulator.add_testbench(source, background=True)
    if job.class_blocks:
        simulator.add_testbench(reader, background=True)
    simulator.add_testbench(sink)
    simulator.run()
    return frames, cycles


async def give_contexts(ctx, port, tables: Tables):
    """Sends the drain the context of every row operation of a frame."""
    for row in tables.rows:
        fields = {**row, **tables.layers[row["layer"]]}
        names = [name for part in DRAIN_FIELDS.values() for name in part]
        ctx.set(port.payload, {name: fields[name] for name in names})
        ctx.set(port.valid, 1)
        await ctx.tick().until(port.ready)
