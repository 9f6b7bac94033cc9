"""The max pool against PyTorch, row by row, with its latency."""

from random import Random

import pytest
import torch
from amaranth.sim import Simulator
from fireline.hw.output.pool import MaxPool
from fireline.hw.program import PoolGeometry
from hypothesis import assume, given, settings
from hypothesis import strategies as st

CI = 2


KINDS = [
    PoolGeometry(3, 0, True),
    PoolGeometry(3, 0, False),
    PoolGeometry(2, 0, True),
    PoolGeometry(2, 0, False),
    PoolGeometry(3, 1, True),
    PoolGeometry(2, 1, True),
]
"""Every kind of windows: kernel, padding, overhangs."""


def windows(kind, length):
    """The places of each window along an axis."""
    starts = [2 * window - kind.padding for window in range(len(kind.ends(length)))]
    return [range(max(at, 0), min(at + kind.kernel, length)) for at in starts]


def pooled(frame, kind):
    """The max pool of frame[row][column][beat][channel]."""

    def maximum(rows, columns):
        same_beats = zip(*(frame[y][x] for y in rows for x in columns), strict=True)
        return [[max(values) for values in zip(*beats, strict=True)] for beats in same_beats]

    columns = windows(kind, len(frame[0]))
    return [[maximum(ys, xs) for xs in columns] for ys in windows(kind, len(frame))]


def draw_frame(random, height, width, beats):
    return [
        [[[random.randrange(256) for _ in range(CI)] for _ in range(beats)] for _ in range(width)]
        for _ in range(height)
    ]


def rows_of(frame, base, kind):
    """Yields each row: its descriptor, and (beat, the output beat that it completes or None)s."""
    height, width, beats = len(frame), len(frame[0]), len(frame[0][0])
    output, rows = pooled(frame, kind), windows(kind, height)
    row_ends, column_ends = kind.ends(height), kind.ends(width)
    for y in range(height):
        descriptor = {
            "last_beat": beats - 1,
            "last_column": width - 1,
            "pairs": kind.kernel == 2,
            "padded": kind.padding,
            "overhangs": kind.overhangs,
            "begins": y in [window.start for window in rows],
            "completes": y in row_ends,
            "base": base,
        }
        pixels = []
        for x in range(width):
            completes = y in row_ends and x in column_ends
            row = output[row_ends.index(y)] if completes else None
            maxima = row[column_ends.index(x)] if completes else [None] * beats
            pixels += zip(frame[y][x], maxima, strict=True)
        yield descriptor, pixels


def run(dut, rows, random, density):
    """Sends the rows. Returns the (cycle, beat, tag) of each output beat, seen and expected."""
    out, expected = [], []

    async def source(ctx):
        cycle = 0
        for descriptor, beats in rows:
            for index, (beat, completed) in enumerate(beats):
                while random.random() > density:
                    ctx.set(dut.i.valid, 0)
                    ctx.set(dut.i.p.first, random.randrange(2))
                    await ctx.tick()
                    cycle += 1
                ctx.set(dut.i.valid, 1)
                tag = random.randrange(2)
                ctx.set(dut.i.p, {"beat": beat, "first": index == 0, "row": descriptor, "tag": tag})
                if completed:
                    expected.append((cycle + dut.LATENCY, completed, tag))
                await ctx.tick()
                cycle += 1
        ctx.set(dut.i.valid, 0)
        await ctx.tick().repeat(2 * dut.LATENCY)

    async def sink(ctx):
        cycle = 0
        async for *_, valid, maximum in ctx.tick().sample(dut.o.valid, dut.o.payload):
            if valid:
                out.append((cycle, list(maximum.beat), maximum.tag))
            cycle += 1

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(source)
    simulator.add_testbench(sink, background=True)
    simulator.run()
    return out, expected


SIDES = st.integers(2, 9)
RANDOM = st.integers(0, 2**32).map(Random)


def fits(kind, *sides):
    """Whether there is a window along each side."""
    return all(kind.ends(side) for side in sides)


@given(SIDES, SIDES, st.sampled_from(KINDS), RANDOM)
@settings(max_examples=60, deadline=None)
def test_reference_is_torch_max_pool(height, width, kind, random):
    assume(fits(kind, height, width))
    frame = draw_frame(random, height, width, 1)
    maps = torch.tensor(frame, dtype=torch.float32)[:, :, 0, :].permute(2, 0, 1)
    ceil = kind.overhangs and not kind.padding
    expected = torch.nn.functional.max_pool2d(maps, kind.kernel, 2, kind.padding, ceil_mode=ceil)
    expected = expected.permute(1, 2, 0).tolist()
    assert [[pixel[0] for pixel in row] for row in pooled(frame, kind)] == expected


SHAPES = st.tuples(SIDES, SIDES, st.integers(1, 3), st.sampled_from(KINDS))


@given(
    st.lists(SHAPES.filter(lambda shape: fits(shape[3], *shape[:2])), min_size=1, max_size=4),
    st.sampled_from([1.0, 0.5]),
    RANDOM,
)
@settings(max_examples=40, deadline=None)
def test_interleaved_layers(shapes, density, random):
    """Two frames of each layer, the rows of all layers shuffled: every beat in its cycle."""
    layers, base = [], 0
    for height, width, beats, kind in shapes:
        frames = [draw_frame(random, height, width, beats) for _ in range(2)]
        layers.append([row for frame in frames for row in rows_of(frame, base, kind)])
        base += len(kind.ends(width)) * beats
    rows = []
    while any(layers):
        rows.append(random.choice([layer for layer in layers if layer]).pop(0))
    _, widths, beats, _ = zip(*shapes, strict=True)
    out, expected = run(MaxPool(CI, max(beats), max(widths), base), rows, random, density)
    assert out == expected


@pytest.mark.parametrize("side", [2, 3])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_smallest_maps_back_to_back(kind, side):
    """Maps of one beat without gaps: every address is read again at the earliest cycle."""
    random = Random(0)
    rows = [row for _ in range(9) for row in rows_of(draw_frame(random, side, side, 1), 0, kind)]
    count = len(kind.ends(side))
    out, expected = run(MaxPool(CI, 1, side, max(count, 1)), rows, random, 1.0)
    assert out == expected and len(out) == 9 * count**2
