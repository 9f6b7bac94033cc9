"""Windows against slices of the padded frame, and every cycle against the docstring's rules."""

from itertools import accumulate
from random import Random

import pytest
from amaranth.sim import Simulator
from fireline.hw.array.line_buffer import LineBuffer, pushes_before
from fireline.hw.memory.distributed_ram import is_distributed
from hypothesis import given, settings
from hypothesis import strategies as st

PROFILE = settings(max_examples=25, deadline=None)


@st.composite
def geometries(draw):
    kernel = draw(st.sampled_from([1, 2, 3, 5, 7]))
    padding = draw(st.integers(0, kernel - 1))
    smallest = max(1, kernel - 2 * padding)
    return {
        "height": draw(st.integers(smallest, smallest + 5)),
        "width": draw(st.integers(smallest, smallest + 5)),
        "kernel": kernel,
        "stride": draw(st.integers(1, 8)),
        "padding": padding,
    }


def padded(frame, height, width, padding, pad):
    """The padded raster as a list of rows; frame is a list of pixels."""
    blank = [pad] * (width + 2 * padding)
    rows = [frame[y * width : (y + 1) * width] for y in range(height)]
    rows = [[pad] * padding + row + [pad] * padding for row in rows]
    return [blank] * padding + rows + [blank] * padding


def windows_of(frame, height, width, kernel, stride, padding, pad):
    raster = padded(frame, height, width, padding, pad)
    for y in range(0, height + 2 * padding - kernel + 1, stride):
        for x in range(0, width + 2 * padding - kernel + 1, stride):
            rows = [row[x : x + kernel] for row in raster[y : y + kernel]]
            yield [value for row in rows for pixel in row for value in pixel]


class Contract:
    """The timing rules of the docstring, without data; one call per cycle."""

    def __init__(self, height, width, kernel, stride, padding):
        self.raster = [
            (
                not (padding <= y < padding + height and padding <= x < padding + width),
                y >= kernel - 1
                and x >= kernel - 1
                and (y - kernel + 1) % stride == 0
                and (x - kernel + 1) % stride == 0,
            )
            for y in range(height + 2 * padding)
            for x in range(width + 2 * padding)
        ]
        self.position, self.waiting = 0, False
        self.on_the_way, self.moved, self.presented = 0, False, 0

    def cycle(self, i_valid, o_ready):
        """The values of `i.ready` and `o.valid` in a cycle with these inputs."""
        border, wanted = self.raster[self.position]
        move = self.waiting and self.on_the_way < 2
        room = not self.waiting
        seen = room and not border, self.presented > 0
        taken = o_ready and self.presented > 0
        self.presented += self.moved - taken
        self.on_the_way += move - taken
        self.moved = move
        if move:
            self.waiting = False
        if room and (border or i_valid):
            self.waiting = wanted
            self.position = (self.position + 1) % len(self.raster)
        return seen


def run(geometry, frames, pad, random, cycles, supply=1.0, demand=1.0):
    """Compares `i.ready` and `o.valid` with the contract in every cycle.

    Returns the (cycle, window) of every window.
    """
    pixels = [pixel for frame in frames for pixel in frame]
    dut = LineBuffer(len(pad), **geometry, pad_value=pad)
    contract = Contract(**geometry)
    taken = []

    async def testbench(ctx):
        sent, offering = 0, False
        for cycle in range(cycles):
            offering = offering or (sent < len(pixels) and random.random() < supply)
            ready = random.random() < demand
            ctx.set(dut.i.valid, offering)
            ctx.set(dut.i.payload, list(pixels[sent]) if offering else [255] * len(pad))
            ctx.set(dut.o.ready, ready)
            seen = bool(ctx.get(dut.i.ready)), bool(ctx.get(dut.o.valid))
            assert seen == contract.cycle(offering, ready), cycle
            if ready and seen[1]:
                taken.append((cycle, list(ctx.get(dut.o.payload))))
            if offering and seen[0]:
                sent, offering = sent + 1, False
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return taken


def raster_size(height, width, kernel, stride, padding):
    return (height + 2 * padding) * (width + 2 * padding)


def draw_frames(random, count, channels, height, width, **_):
    return [
        [tuple(random.randrange(256) for _ in range(channels)) for _ in range(height * width)]
        for _ in range(count)
    ]


@PROFILE
@given(
    geometries(),
    st.integers(1, 3),
    st.floats(0.2, 1),
    st.floats(0.2, 1),
    st.integers(0, 2**32).map(Random),
)
def test_windows_and_timing_under_stalls(geometry, channels, supply, demand, random):
    pad = tuple(range(7, 7 + channels))
    frames = draw_frames(random, 3, channels, **geometry)
    cycles = 40 + int(3 * raster_size(**geometry) * 1.5 / (supply * demand))
    taken = run(geometry, frames, pad, random, cycles, supply, demand)
    expected = [w for frame in frames for w in windows_of(frame, **geometry, pad=pad)]
    got = [window for _, window in taken][: len(expected)]
    assert len(got) > len(expected) // 2  # the number of cycles is an estimate
    assert got == expected[: len(got)]


@PROFILE
@given(geometries(), st.integers(0, 2**32).map(Random))
def test_full_rate_is_what_the_pushes_say(geometry, random):
    frames = draw_frames(random, 2, 1, **geometry)
    cycles = 4 * raster_size(**geometry) + LineBuffer.LATENCY
    taken = run(geometry, frames, (9,), random, cycles)
    *gaps, trailing = pushes_before(**geometry)
    assert sum(gaps) + trailing == raster_size(**geometry)
    pushes = list(accumulate([*gaps, trailing + gaps[0], *gaps[1:]]))
    assert [cycle for cycle, _ in taken][: len(pushes)] == [
        count - 1 + windows + LineBuffer.LATENCY for windows, count in enumerate(pushes)
    ]
    expected = [w for frame in frames for w in windows_of(frame, **geometry, pad=(9,))]
    assert [window for _, window in taken][: len(expected)] == expected


@pytest.mark.parametrize("width, distributed", [(12, True), (150, True), (340, False)])
def test_rows_in_either_kind_of_memory(width, distributed):
    geometry = {"height": 4, "width": width, "kernel": 3, "stride": 1, "padding": 1}
    assert is_distributed(width + 2, 8 * 3 * 2) is distributed
    pad, random = (7, 8, 9), Random(1)
    frames = draw_frames(random, 1, 3, **geometry)
    cycles = 40 + 4 * raster_size(**geometry)
    taken = run(geometry, frames, pad, random, cycles, supply=0.9, demand=0.9)
    assert [window for _, window in taken] == [*windows_of(frames[0], **geometry, pad=pad)]


def test_rows_of_two_pixels():
    """The shortest rows: a word is read in the cycle after its write."""
    geometry = {"height": 9, "width": 2, "kernel": 2, "stride": 1, "padding": 0}
    frames = draw_frames(Random(3), 4, 3, **geometry)
    taken = run(geometry, frames, (0, 0, 0), Random(4), 200)
    expected = [w for frame in frames for w in windows_of(frame, **geometry, pad=(0, 0, 0))]
    assert [window for _, window in taken] == expected


def test_conv1_of_squeezenet_1_0():
    geometry = {"height": 8, "width": 30, "kernel": 7, "stride": 2, "padding": 0}
    assert pushes_before(**geometry)[:3] == [6 * 30 + 7, 2, 2]
    assert len(pushes_before(**geometry)) == 1 * 12 + 1


@pytest.mark.parametrize("change", [{"kernel": 5}, {"padding": 3}, {"stride": 0}, {"width": 0}])
def test_refuses_impossible_geometry(change):
    geometry = {"height": 4, "width": 4, "kernel": 3, "stride": 1, "padding": 0}
    with pytest.raises(ValueError):
        pushes_before(**(geometry | change))
