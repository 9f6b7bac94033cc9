"""A lane that disturbs the others, or is not written, is counted."""

import pytest
from amaranth.lib.memory import Memory
from amaranth.sim import Simulator
from fireline.hw.selftest import lanes
from fireline.hw.selftest.lanes import LANES, STEPS, WORDS, Lanes


def run(disturb=None) -> tuple[int, int]:
    """Errors and tests of two passes; `disturb` changes the last row in between."""
    dut, found, memories = Lanes(), [], []

    def memory(**options):
        memories.append(Memory(**options))
        return memories[-1]

    async def testbench(ctx):
        await ctx.tick().repeat(WORDS + 2 * WORDS * LANES * STEPS - 100)
        if disturb:
            row = memories[0].data[WORDS - 1]
            ctx.set(row, disturb(ctx.get(row)))
        ctx.set(dut.stop, 1)
        await ctx.tick().until(dut.done)
        await ctx.tick()
        found.append((ctx.get(dut.errors), ctx.get(dut.tests)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lanes, "Memory", memory)
        simulator = Simulator(dut)
        simulator.add_clock(1e-6)
        simulator.add_testbench(testbench)
        simulator.run()
    return found[0]


def test_a_sound_block_ram_passes():
    assert run() == (0, 2)


def test_a_changed_lane_is_counted():
    errors, _ = run(lambda row: row ^ 1 << 35)
    assert errors > 0
