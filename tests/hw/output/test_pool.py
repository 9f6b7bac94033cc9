"""The max pool against PyTorch, row by row, with its latency."""

from random import Random

import torch
from amaranth.sim import Simulator
from fireline.hw.output.pool import MaxPool
from hypothesis import given, settings
from hypothesis import strategies as st

CI = 2


def pooled(frame):
    """The max pool, 3x3, stride 2, ceil mode, of frame[row][column][beat][channel]."""

    def maximum(y, x):
        pixels = [pixel for row in frame[y : y + 3] for pixel in row[x : x + 3]]
        same_beats = zip(*pixels, strict=True)
        return [[max(values) for values in zip(*beats, strict=True)] for beats in same_beats]

    rows, columns = range(0, len(frame) - 1, 2), range(0, len(frame[0]) - 1, 2)
    return [[maximum(y, x) for x in columns] for y in rows]


def draw_frame(random, height, width, beats):
    return [
        [[[random.randrange(256) for _ in range(CI)] for _ in range(beats)] for _ in range(width)]
        for _ in range(height)
    ]


def rows_of(frame, base):
    """Yields each row: its descriptor, and (beat, the output beat that it completes or None)s."""
    height, width, beats = len(frame), len(frame[0]), len(frame[0][0])
    output = pooled(frame)

    def completed(y, x):
        def half(at, length):
            return (at - 1) // 2 if (at % 2 == 0 and at) or (at % 2 and at == length - 1) else None

        row, column = half(y, height), half(x, width)
        return [None] * beats if row is None or column is None else output[row][column]

    for y in range(height):
        descriptor = {
            "last_beat": beats - 1,
            "last_column": width - 1,
            "first_row": y == 0,
            "odd_row": y % 2,
            "last_row": y == height - 1,
            "base": base,
        }
        pixels = [zip(frame[y][x], completed(y, x), strict=True) for x in range(width)]
        yield descriptor, [pair for pixel in pixels for pair in pixel]


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


@given(st.integers(2, 9), st.integers(2, 9), st.integers(0, 2**32).map(Random))
@settings(max_examples=20, deadline=None)
def test_reference_is_torch_max_pool(height, width, random):
    frame = draw_frame(random, height, width, 1)
    maps = torch.tensor(frame, dtype=torch.float32)[:, :, 0, :].permute(2, 0, 1)
    expected = torch.nn.functional.max_pool2d(maps, 3, 2, ceil_mode=True).permute(1, 2, 0)
    assert [[pixel[0] for pixel in row] for row in pooled(frame)] == expected.tolist()


SHAPES = st.tuples(st.integers(2, 7), st.integers(2, 7), st.integers(1, 3))


@given(
    st.lists(SHAPES, min_size=1, max_size=3),
    st.sampled_from([1.0, 0.5]),
    st.integers(0, 2**32).map(Random),
)
@settings(max_examples=40, deadline=None)
def test_interleaved_layers(shapes, density, random):
    """Two frames of each layer, the rows of all layers shuffled: every beat in its cycle."""
    layers, base = [], 0
    for height, width, beats in shapes:
        frames = [draw_frame(random, height, width, beats) for _ in range(2)]
        layers.append([row for frame in frames for row in rows_of(frame, base)])
        base += width // 2 * beats
    rows = []
    while any(layers):
        rows.append(random.choice([layer for layer in layers if layer]).pop(0))
    _, widths, beats = zip(*shapes, strict=True)
    out, expected = run(MaxPool(CI, max(beats), max(widths), base), rows, random, density)
    assert out == expected


def test_smallest_maps_back_to_back():
    """2x2 maps of one beat without gaps: every address is read again at the earliest cycle."""
    random = Random(0)
    rows = [row for _ in range(9) for row in rows_of(draw_frame(random, 2, 2, 1), 0)]
    out, expected = run(MaxPool(CI, 1, 2, 1), rows, random, 1.0)
    assert out == expected and len(out) == 9
