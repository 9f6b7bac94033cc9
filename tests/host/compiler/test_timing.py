"""Simulations of the accelerator check that the model is exact; these tests check what follows."""

from dataclasses import replace

import numpy as np
import pytest
from amaranth.sim import Simulator
from fireline.host import golden
from fireline.host.compiler.compile import compile_network
from fireline.host.compiler.timing import frame_timing
from fireline.host.network.architecture import Conv1
from fireline.host.network.families import family
from fireline.host.network.random_network import random_network
from fireline.host.network.stage import MAX_POOLS
from fireline.hw.accelerator import Accelerator
from fireline.hw.program import ArrayShape
from support.networks.small import compiled, fire, network, pictures, simulate

SHORT = network(Conv1(4, 1, 1, 0), fire(4, 4, 4), height=3, width=2)


def test_waits_are_needed():
    """Without its idle cycles a network of short rows reads what is not written yet."""
    job = compiled(SHORT, "16x16")
    assert max(row.wait for row in job.program.rows) > 0
    hasty = replace(job.program, rows=tuple(replace(row, wait=0) for row in job.program.rows))
    pixels = pictures(SHORT, 2)
    frames, _ = simulate(replace(job, program=hasty), pixels)
    assert not np.array_equal(frames, golden.run(job.network, pixels))


@pytest.mark.parametrize(
    "architecture, array, needed",
    [
        # The skip's last pixel comes later than its first.
        (
            network(Conv1(16, 1, 1, 0), "pool", fire(4, 8, 8, "complex"), height=2, width=4),
            "4x4",
            4,
        ),
        # A frame that begins behind another one waits longer than the first.
        (network(Conv1(8, 1, 1, 0), "pool", fire(4, 4, 4, "simple"), height=3, width=2), "4x16", 3),
    ],
)
def test_waits_are_as_long_as_the_latest_value_needs(architecture, array, needed):
    job = compiled(architecture, array)
    assert job.program.rows[needed].wait == {4: 21, 3: 51}[needed]
    pixels = pictures(architecture, 3)
    frames, _ = simulate(job, pixels)
    assert np.array_equal(frames, golden.run(job.network, pixels))


@pytest.mark.parametrize("pool", MAX_POOLS, ids=str)
def test_waits_behind_a_pool(pool):
    """The classifier reads a row of the pool as soon as it is there, and no sooner."""
    architecture = network(Conv1(4, 1, 1, 0), pool, height=5, width=4)
    job = compiled(architecture, "16x16")
    rows = tuple(replace(row, wait=row.wait // 2) for row in job.program.rows)
    pixels = pictures(architecture, 2)
    expected = golden.run(job.network, pixels)
    assert np.array_equal(simulate(job, pixels)[0], expected)
    hasty = replace(job, program=replace(job.program, rows=rows))
    assert not np.array_equal(simulate(hasty, pixels)[0], expected)


def test_long_rows_need_no_waits():
    architecture = network(Conv1(16, 3, 1, 1), fire(8, 16, 16), height=8, width=24)
    assert not any(row.wait for row in compiled(architecture, "4x4").program.rows)


@pytest.mark.parametrize("padding", [0, 1])
def test_a_frame_that_comes_alone_takes_no_longer_than_the_first(padding):
    architecture = network(Conv1(4, 3, 1, padding), "pool", fire(4, 4, 4))
    job = compiled(architecture)
    dut, taken = Accelerator(job.program), []

    async def testbench(ctx):
        ctx.set(dut.score.ready, 1)
        for pause in (0, 50, 2000):
            await ctx.tick().repeat(pause + 1)
            ctx.set(dut.pixel.valid, 1)
            cycles, pixels, done = 0, 0, False
            while not done:
                *_, ready, valid, last = await ctx.tick().sample(
                    dut.pixel.ready, dut.score.valid, dut.score.p.last
                )
                cycles += 1
                pixels += ready
                ctx.set(dut.pixel.valid, pixels < architecture.height * architecture.width)
                done = valid and last
            taken.append(cycles)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert max(taken) <= job.timing.latency
    assert max(taken) > job.timing.latency - 2 * architecture.width


def test_operations_follow_each_other():
    job = compiled(SHORT)
    spans = frame_timing(job.program).operations
    assert spans[0][0] == 0
    assert all(start <= end for start, end in spans)
    assert all(
        after[0] == before[1] + 1 + row.wait
        for before, after, row in zip(spans, spans[1:], job.program.rows[1:], strict=False)
        if not job.program.layers[row.layer].window
    )


@pytest.mark.parametrize(
    "name, array, least",
    [
        ("squeezenet1_1", (16, 16), 1.0),
        ("squeezenet1_1", (16, 32), 0.97),
        ("squeezenet1_0", (16, 16), 0.98),
        ("squeezenet1_0", (16, 32), 0.96),
    ],
)
def test_squeezenet_keeps_the_array_busy(name, array, least):
    """Four-bit Fires and classifier, eight-bit conv1, 224 x 224."""
    quantized = random_network(family(name), 0, {"conv1": 8})
    assert compile_network(quantized, ArrayShape(*array)).utilisation >= least
