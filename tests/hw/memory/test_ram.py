"""Which banks a memory gets, and reads among writes at random."""

from random import Random

import pytest
from amaranth.sim import Simulator
from fireline.hw.memory.ram import Ram, banks


@pytest.mark.parametrize(
    ("words", "bits", "expected"),
    [
        (1, 128, [(1, True)]),
        (256, 128, [(256, True)]),
        (257, 128, [(257, False)]),
        (512, 128, [(512, False)]),
        (513, 128, [(512, False), (1, True)]),
        (672, 128, [(512, False), (160, True)]),
        (673, 128, [(512, False), (161, False)]),
        (1288, 64, [(512, False), (512, False), (264, True)]),
        (64, 32, [(64, True)]),
        (320, 32, [(320, False)]),
        (1640, 128, [(512, False)] * 3 + [(104, True)]),
        (2050, 128, [(2048, False), (2, True)]),
        (2576, 32, [(2048, False), (528, True)]),
        (2600, 128, [(2048, False), (512, False), (40, True)]),
    ],
)
def test_banks(words, bits, expected):
    assert banks(words, bits) == expected


@pytest.mark.parametrize(
    "words, bits", [(1, 16), (12, 16), (520, 70), (672, 12), (800, 8), (1100, 16), (2600, 40)]
)
@pytest.mark.parametrize("gather", [False, True])
def test_a_word_is_read_after_the_write_latency(words, bits, gather):
    rng = Random(words)
    dut = Ram(bits, words, gather)
    latency = dut.latency()
    assert latency == Ram.LATENCY + gather
    contents, landing, written, due = [0] * words, (False, 0, 0), None, []

    async def testbench(ctx):
        nonlocal landing, written
        edges = [at for at in (0, 511, 512, 575, 576, 2047, 2048, words - 1) if at < words]
        for _ in range(600):
            read, write = (rng.choice([*edges, rng.randrange(words)]) for _ in range(2))
            if rng.random() < 0.3 and written is not None:
                read = written  # the last write
            enable, value = rng.random() < 0.6, rng.randrange(1 << bits)
            ctx.set(dut.address, read)
            ctx.set(dut.write, enable)
            ctx.set(dut.write_address, write)
            ctx.set(dut.write_data, value)
            lands, place, landed = landing  # the write of the cycle before
            landing = enable, write, value
            undefined = (lands and read == place) or (enable and read == write)
            due.append(None if undefined else contents[read])
            if lands:
                contents[place] = landed
            if len(due) > latency:
                expected = due[-1 - latency]
                assert expected is None or ctx.get(dut.data) == expected
            if enable:
                written = write
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
