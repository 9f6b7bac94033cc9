"""The running maximum: every beat against lists of the beats before it at the same address."""

from random import Random

import pytest
from amaranth.sim import Simulator
from fireline.hw.output.running_maximum import RunningMaximum

CHANNELS, DEPTH = 3, 4


def run(dut, beats):
    """Sends beats, one a cycle; None is a gap. Returns (cycle, beat, tag) of each maximum."""
    seen = []

    async def testbench(ctx):
        for cycle in range(len(beats) + dut.LATENCY):
            beat = beats[cycle] if cycle < len(beats) else None
            ctx.set(dut.i.valid, beat is not None)
            if beat:
                ctx.set(dut.i.p, beat)
            if ctx.get(dut.o.valid):
                maximum = ctx.get(dut.o.p)
                seen.append((cycle, list(maximum.beat), maximum.tag))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return seen


PLACES = {
    "threes": ([(1, 0), (0, 0), (1, 1), (0, 1)], [3, 2]),
    "pairs": ([(1, 0), (0, 1), (1, 1)], [2, 1]),
}
"""Axes of (begins, completes), and how many beats each window has."""


@pytest.mark.parametrize("density", [1.0, 0.6])
@pytest.mark.parametrize("addresses", [1, DEPTH])
def test_maxima_of_windows(addresses, density):
    """Axes of either kind, walked at random addresses; with one address back to back."""
    random = Random(addresses)
    dut = RunningMaximum(CHANNELS, DEPTH, 8)
    beats, expected, axes = [], [], {}
    while len(beats) < 600:
        if random.random() > density:
            beats.append(None)
            continue
        address, tag = random.randrange(addresses), random.randrange(256)
        if not axes.get(address):
            places, lengths = random.choice(list(PLACES.values()))
            axes[address] = [iter(places), iter(lengths), []]
        places, lengths, sent = axes[address]
        place = next(places, None)
        if place is None:
            axes[address] = None
            continue
        sent.append([random.randrange(256) for _ in range(CHANNELS)])
        length = next(lengths) if place[1] else None
        if length:
            maximum = [max(values) for values in zip(*sent[-length:], strict=True)]
            expected.append((len(beats) + dut.LATENCY, maximum, tag))
        begins, completes = place
        place = {"begins": begins, "completes": completes, "alone": length == 1}
        beats.append({"beat": sent[-1], "address": address, "place": place, "tag": tag})
    assert run(dut, beats) == expected
