"""Sound multipliers pass at every activity; a wrong bit and a dead output are found."""

import pytest
from amaranth.sim import Simulator
from fireline.hw.boards import find_board
from fireline.hw.selftest import multipliers
from fireline.hw.selftest.duty import SLOTS
from fireline.hw.selftest.multipliers import TEST_CYCLES, Multipliers
from fireline.hw.selftest.plan import SelfTestPlan

SITES = SelfTestPlan(find_board("ulx3s-25f"), 100.0).tested_sites[:5]


def run(level: int = 4, tests: int = 300, fault=None) -> dict[str, int]:
    """The results after a number of tests; `fault` changes the products of site 3."""
    dut, found = Multipliers(SITES, plain=True), {}
    original = multipliers.delay

    def delay(m, value, cycles, **options):
        late = original(m, value, cycles, **options)
        is_product = cycles == multipliers.MULT18X18D_CYCLES
        if is_product:
            products.append(late)
        return fault(late) if is_product and fault and len(products) == 4 else late

    async def testbench(ctx):
        ctx.set(dut.level, level)
        await ctx.tick().repeat(tests * TEST_CYCLES)
        ctx.set(dut.stop, 1)
        assert not ctx.get(dut.done)
        await ctx.tick().until(dut.done)
        found.update(wrong=ctx.get(dut.wrong), zero=ctx.get(dut.zero), tests=ctx.get(dut.tests))

    products: list = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(multipliers, "delay", delay)
        simulator = Simulator(dut)
        simulator.add_clock(1e-6)
        simulator.add_testbench(testbench)
        simulator.run()
    return found


def test_sound_multipliers_pass():
    assert run() == {"wrong": 0, "zero": 0, "tests": 300 // 16}


def test_activity_is_a_share_of_the_time():
    assert run(level=2, tests=16 * SLOTS)["tests"] == 32
    assert run(level=0, tests=2 * SLOTS) == {"wrong": 0, "zero": 0, "tests": 0}


@pytest.mark.parametrize("bit", (0, 17, 35))
def test_a_wrong_bit_is_found(bit):
    found = run(fault=lambda product: product ^ (1 << bit))
    assert found["wrong"] == 0b01000 and found["zero"] == 0


def test_a_product_that_stays_zero_is_told_apart():
    found = run(fault=lambda product: product & 0)
    assert found["wrong"] == found["zero"] == 0b01000


def test_a_product_that_is_late_is_found():
    def late(product):
        return product  # replaced below by a longer delay

    original = multipliers.delay
    found = {}
    dut = Multipliers(SITES[:1], plain=True)

    def delay(m, value, cycles, **options):
        return original(m, value, cycles + (cycles == 3), **options)

    async def testbench(ctx):
        ctx.set(dut.level, 4)
        await ctx.tick().repeat(4 * TEST_CYCLES)
        found["wrong"] = ctx.get(dut.wrong)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(multipliers, "delay", delay)
        simulator = Simulator(dut)
        simulator.add_clock(1e-6)
        simulator.add_testbench(testbench)
        simulator.run()
    assert found["wrong"] == 1
