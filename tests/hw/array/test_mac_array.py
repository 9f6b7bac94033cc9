"""The array against sums of plain integers."""

import random
from collections import deque

import pytest
from amaranth.sim import Simulator
from fireline.hw.array.mac_array import GATHER_CYCLES, MacArray, multiplier_forms
from fireline.hw.array.multiplier import PairMultiplier
from fireline.hw.ecp5.mult18x18d import Form
from fireline.hw.lib import routing

BITS = 24


def word(dut, rng, *, low=False, extreme=False):
    """A random cycle's data: activations, nibbles and exponents."""
    ci, co = len(dut.i.activations), len(dut.o.sums)
    shape = dut.i.weights.shape().elem_shape
    bits = shape["exponents"].shape.elem_shape if "exponents" in dict(shape) else 0
    most = 15 if low else 7
    return {
        "activations": [255 if extreme else rng.randrange(256) for _ in range(ci)],
        "nibbles": [[most if extreme else rng.randrange(16) for _ in range(ci)] for _ in range(co)],
        "exponents": [(1 << bits) - 1 if extreme else rng.randrange(1 << bits) for _ in range(co)],
    }


def group(dut, rng, length, *, two_passes, extreme=False):
    """The words of one output group with their control; 8-bit weights take two passes."""
    passes = (False, True) if two_passes else (False,)
    words = [
        (word(dut, rng, low=low, extreme=extreme), {"low": low, "shift": low and n == 0})
        for low in passes
        for n in range(length)
    ]
    words[0][1]["first"] = 1
    words[-1][1]["last"] = 1
    return words


def expected(words):
    """The sums of the lanes."""
    lanes = range(len(words[0][0]["nibbles"]))
    sums = [0] * len(lanes)
    for data, control in words:
        for lane in lanes:
            weights = data["nibbles"][lane]
            if not control["low"]:
                weights = [w - 16 if w > 7 else w for w in weights]
            dot = sum(w * a for w, a in zip(weights, data["activations"], strict=True))
            carried = sums[lane] * 16 if control["shift"] else sums[lane]
            sums[lane] = carried + (dot << data["exponents"][lane])
    return sums


def run(dut, groups, rng, bubbles):
    """Sends the output groups. Returns the (cycle, sums) of each, expected and seen."""
    due, seen = [], []

    fields = dict(dut.i.weights.shape().elem_shape)
    idle = [{}] * len(dut.i.weights)
    late = deque([idle] * routing.TREE_CYCLES)  # weights reach `i` later than their control

    async def tick(ctx, control, weights=idle):
        ctx.set(dut.i.control, control)
        late.append(weights)
        ctx.set(dut.i.weights, late.popleft())
        await ctx.tick()

    latency = MacArray.latency(len(dut.i.activations))

    async def drive(ctx):
        cycle = 0
        for words in groups:
            for data, control in words:
                while rng.random() < bubbles:
                    junk = {name: rng.randrange(2) for name in ("first", "last", "low", "shift")}
                    await tick(ctx, {"valid": 0, **junk})
                    cycle += 1
                ctx.set(dut.i.activations, data["activations"])
                pairs = [
                    {name: data[name][2 * n : 2 * n + 2] for name in fields}
                    for n in range(len(idle))
                ]
                await tick(ctx, {"valid": 1, **control}, pairs)
                cycle += 1
            due.append((cycle - 1 + latency, expected(words)))
        for _ in range(latency + 1):
            await tick(ctx, {"valid": 0})

    async def watch(ctx):
        cycle = 0
        async for _, reset, valid, sums in ctx.tick().sample(dut.o.valid, dut.o.sums):
            if valid and not reset:
                seen.append((cycle, list(sums)))
            cycle += 1

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(drive)
    simulator.add_testbench(watch, background=True)
    simulator.run()
    return due, seen


@pytest.mark.parametrize(
    ("ci", "co", "exponent_bits"), [(4, 4, 0), (4, 16, 1), (16, 4, 2), (8, 8, 1), (16, 32, 1)]
)
def test_sums(ci, co, exponent_bits):
    rng = random.Random(ci * co)
    dut = MacArray(ci, co, accumulator_bits=BITS, exponent_bits=exponent_bits)
    lanes = PairMultiplier.LATENCY + {4: 2, 8: 3, 16: 4}[ci] + 2
    assert MacArray.latency(ci) == routing.TREE_CYCLES + lanes + GATHER_CYCLES
    lengths = [1, 1, 2, 5, 1, 3]
    groups = [group(dut, rng, n, two_passes=rng.random() < 0.5) for n in lengths]
    groups += [group(dut, rng, 2, two_passes=both, extreme=True) for both in (False, True)]
    for bubbles in (0, 0.4):
        due, seen = run(dut, groups, rng, bubbles)
        assert seen == due


def test_hardware_multipliers_are_dealt_evenly_over_the_lane_pairs():
    pairs = multiplier_forms(8, 4, 18)
    assert [forms.count(Form.ECP5) for forms in pairs] == [5, 5, 4, 4]
    assert [forms.count(Form.LUT) for forms in pairs] == [3, 3, 4, 4]
    assert multiplier_forms(4, 2, None) == [(Form.PLAIN,) * 4] * 2
