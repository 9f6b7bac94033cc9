"""Scores against sums of plain integers, their cycles, and back pressure."""

from random import Random

import pytest
from amaranth.sim import Simulator
from fireline.hw.output.average import FETCH_CYCLES, SCORE_CYCLES, ScoreAccumulator, cycles_to_send
from hypothesis import given, settings
from hypothesis import strategies as st


def order(pixels, beats, group):
    """Yields (pixel, beat): pixel by pixel within each `group` of beats."""
    for start in range(0, beats, group):
        for pixel in range(pixels):
            for beat in range(start, min(start + group, beats)):
                yield pixel, beat


def run(dut, frames, random, density=1.0, demand=1.0, group=None):
    """Sends frames[frame][pixel][class], each as soon as `free` allows.

    Returns the (cycle, score, last) of every score, and the cycle of each frame's last beat.
    """
    taken, ends = [], []
    size = dut.lanes

    async def source(ctx):
        cycle = 0
        for frame in frames:
            while not ctx.get(dut.free):
                await ctx.tick()
                cycle += 1
            for number, beat in order(len(frame), dut.beats, group or dut.beats):
                while random.random() > density:
                    ctx.set(dut.i.valid, 0)
                    await ctx.tick()
                    cycle += 1
                values = frame[number][beat * size :][:size]
                values += [random.randrange(1 << 16) for _ in range(size - len(values))]
                ctx.set(dut.i.valid, 1)
                ctx.set(dut.i.p.values, values)
                ctx.set(dut.i.p.address, beat)
                ctx.set(dut.i.p.first_pixel, number == 0)
                ctx.set(dut.i.p.last_pixel, number == len(frame) - 1)
                await ctx.tick()
                cycle += 1
                assert not ctx.get(dut.free)
            ctx.set(dut.i.valid, 0)
            ends.append(cycle - 1)
        while not ctx.get(dut.free):
            await ctx.tick()
        await ctx.tick().repeat(4)

    async def sink(ctx):
        cycle, waiting = 0, None
        while True:
            ready = random.random() < demand
            ctx.set(dut.o.ready, ready)
            *_, valid, payload = await ctx.tick().sample(dut.o.valid, dut.o.payload)
            assert waiting in (None, (payload.score, payload.last)) and (valid or not waiting)
            waiting = (payload.score, payload.last) if valid and not ready else None
            if valid and ready:
                taken.append((cycle, payload.score, payload.last))
            cycle += 1

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(source)
    simulator.add_testbench(sink, background=True)
    simulator.run()
    return taken, ends


def draw_frames(random, count, pixels, classes):
    return [
        [[random.randrange(1 << 16) for _ in range(classes)] for _ in range(pixels)]
        for _ in range(count)
    ]


def expected(frames):
    for frame in frames:
        for index, values in enumerate(zip(*frame, strict=True)):
            yield sum(values), index == len(frame[0]) - 1


def accumulator(lanes, classes, spare=0):
    return ScoreAccumulator(lanes, classes, -(-classes // lanes) + spare)


@given(
    st.sampled_from([1, 2, 4, 8]),
    st.integers(1, 20),
    st.integers(1, 6),
    st.sampled_from([(None, 0), (1, 0), (2, 1), (4, 3)]),
    st.sampled_from([1.0, 0.5]),
    st.sampled_from([1.0, 0.5, 0.1]),
    st.integers(0, 2**32).map(Random),
)
@settings(max_examples=40, deadline=None)
def test_scores_under_stalls(lanes, classes, pixels, groups, density, demand, random):
    """Beats come pixel by pixel, or in groups of beats; `spare` beats have no class."""
    group, spare = groups
    frames = draw_frames(random, 3, pixels, classes)
    dut = accumulator(lanes, classes, spare)
    taken, _ = run(dut, frames, random, density, demand, group)
    assert [(score, last) for _, score, last in taken] == list(expected(frames))


@pytest.mark.parametrize(("lanes", "classes"), [(4, 10), (4, 3), (4, 8), (1, 5), (1, 1)])
def test_latency_and_cycles_of_scores_and_words(lanes, classes):
    frames = draw_frames(Random(0), 2, 3, classes)
    taken, ends = run(accumulator(lanes, classes), frames, Random(0))
    first = [end + ScoreAccumulator.LATENCY for end in ends]
    assert [cycle for cycle, *_ in taken] == [
        start + SCORE_CYCLES * (index - index // lanes) + FETCH_CYCLES * (index // lanes)
        for start in first
        for index in range(classes)
    ]
    assert cycles_to_send(classes, lanes) == taken[classes - 1][0] - taken[0][0] + 1


def test_widest_sum_fits():
    frames = [[[(1 << 16) - 1]] * 16]
    taken, _ = run(ScoreAccumulator(1, 1, 1, bits=20), frames, Random(0))
    assert [score for _, score, _ in taken] == [16 * ((1 << 16) - 1)]
