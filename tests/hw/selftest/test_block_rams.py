"""Sound block RAMs pass; one wrong bit of the contents is found."""

import pytest
from amaranth.sim import Simulator
from fireline.hw.selftest import block_rams
from fireline.hw.selftest.block_rams import WORDS, BlockRams, contents, signature

COUNT = 3


def run(monkeypatch, flip: tuple[int, int, int] | None = None) -> dict[str, int]:
    dut, found = BlockRams(COUNT), {}

    class Faulty(block_rams.Memory):
        made = 0

        def __init__(self, *, init, **options):
            if flip and Faulty.made == flip[0]:
                init = [word ^ (row == flip[1]) << flip[2] for row, word in enumerate(init)]
            Faulty.made += 1
            super().__init__(init=init, **options)

    monkeypatch.setattr(block_rams, "Memory", Faulty)

    async def testbench(ctx):
        ctx.set(dut.level, 4)
        await ctx.tick().repeat(4 * WORDS)
        ctx.set(dut.stop, 1)
        await ctx.tick().until(dut.done)
        found.update(wrong=ctx.get(dut.wrong), reads=ctx.get(dut.reads))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return found


def test_sound_block_rams_pass(monkeypatch):
    assert run(monkeypatch) == {"wrong": 0, "reads": 4}


@pytest.mark.parametrize("flip", ((0, 0, 0), (1, 511, 35), (2, 77, 25)), ids=str)
def test_a_wrong_bit_is_found(monkeypatch, flip):
    assert run(monkeypatch, flip)["wrong"] == 1 << flip[0]


def test_contents_and_signatures_differ():
    words = [contents(number) for number in range(208)]
    assert len({signature(each) for each in words}) == len(words)
    assert len({word for each in words for word in each}) > 208 * WORDS * 0.999
    assert signature(list(reversed(words[0]))) != signature(words[0])
