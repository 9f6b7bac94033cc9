"""Both tests of the SDRAM against a model of its controller, sound or with a fault."""

import pytest
from amaranth.sim import Simulator
from fireline.hw.sdram.chip import BURST_WORDS, SdramGeometry
from fireline.hw.sdram.controller import Action
from fireline.hw.selftest.memory_test import LineTest, SizeTest

GEOMETRY = SdramGeometry()


def run(dut, *, place=lambda burst: burst, word=lambda word: word) -> None:
    """Serves the test until it is done; `place` maps bursts, `word` what is read."""
    cells: dict[int, list[int]] = {}

    async def controller(ctx):
        while not ctx.get(dut.done):
            await ctx.tick()
            if not ctx.get(dut.request.valid):
                continue
            action = ctx.get(dut.request.p.action)
            burst = place(ctx.get(dut.request.p.burst))
            ctx.set(dut.request.ready, 1)
            await ctx.tick()
            ctx.set(dut.request.ready, 0)
            await ctx.tick().repeat(2)
            if action is Action.WRITE:
                cells[burst] = []
                ctx.set(dut.write_next, 1)
                for _ in range(BURST_WORDS):
                    cells[burst].append(ctx.get(dut.write_data))
                    await ctx.tick()
                ctx.set(dut.write_next, 0)
            else:
                ctx.set(dut.read_valid, 1)
                for number in range(BURST_WORDS):
                    ctx.set(dut.read_data, word(cells[burst][number]))
                    await ctx.tick()
                ctx.set(dut.read_valid, 0)
        await ctx.tick().repeat(2)
        for name in ("bad", "alive"):
            if hasattr(dut, name):
                found.append(ctx.get(getattr(dut, name)))

    found: list[int] = []
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(controller)
    simulator.run()
    return found[0]


@pytest.mark.parametrize(
    ("word", "bad"),
    (
        (lambda word: word, 0),
        (lambda word: word & ~(1 << 5), 1 << 5),
        (lambda word: word | 0x8001, 0x8001),
        (lambda word: word & 0xFFF7 | word >> 1 & 8, 1 << 3),
    ),
    ids=("sound", "low", "high", "shorted"),
)
def test_bad_data_lines_are_named(word, bad):
    assert run(LineTest(GEOMETRY, 16), word=word) == bad


def test_all_bits_of_a_sound_memory_are_alive():
    assert run(SizeTest(GEOMETRY)) == (1 << GEOMETRY.burst_bits) - 1


@pytest.mark.parametrize("bit", (0, 7, GEOMETRY.burst_bits - 1))
def test_a_dead_address_bit_is_named(bit):
    alive = run(SizeTest(GEOMETRY), place=lambda burst: burst & ~(1 << bit))
    assert alive == (1 << GEOMETRY.burst_bits) - 1 - (1 << bit)
