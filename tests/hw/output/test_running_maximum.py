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


@pytest.mark.parametrize("density", [1.0, 0.6])
@pytest.mark.parametrize("addresses", [1, DEPTH])
def test_maxima_of_three_beats(addresses, density):
    """Axes of random lengths, walked at random addresses; with one address back to back."""
    random = Random(addresses)
    dut = RunningMaximum(CHANNELS, DEPTH, 8)
    axes = {address: (0, random.randrange(2, 8), []) for address in range(addresses)}
    beats, expected = [], []
    while len(beats) < 500:
        if random.random() > density:
            beats.append(None)
            continue
        address, tag = random.randrange(addresses), random.randrange(256)
        number, length, sent = axes[address]
        sent.append([random.randrange(256) for _ in range(CHANNELS)])
        last = number == length - 1
        place = {"first": number == 0, "odd": number % 2, "last": last}
        three = sent[number - 2 :] if number % 2 == 0 else sent[number - 1 :]
        if (number and number % 2 == 0) or (number % 2 and last):
            maximum = [max(values) for values in zip(*three, strict=True)]
            expected.append((len(beats) + dut.LATENCY, maximum, tag))
        beats.append({"beat": sent[-1], "address": address, "place": place, "tag": tag})
        axes[address] = (0, random.randrange(2, 8), []) if last else (number + 1, length, sent)
    assert run(dut, beats) == expected
