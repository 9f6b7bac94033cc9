"""Two lanes alone; `test_mac_array` plays whole groups."""

import pytest
from amaranth.sim import Simulator
from fireline.hw.mac_lanes import MacLanes, WeightWord, mac_latency
from fireline.hw.mult18x18d import Form


def test_weight_word():
    word = WeightWord(4, 2, 1)
    assert word.size == 2 * (4 * 4 + 1)
    value = {"nibbles": [[1, 2, 3, 4], [5, 6, 7, 8]], "exponents": [0, 1]}
    assert word.const(value).as_value().value == 0b10_1000_0111_0110_0101_0100_0011_0010_0001
    assert "exponents" not in dict(WeightWord(4, 2, 0))


@pytest.mark.parametrize(("ci", "latency"), [(4, 10), (8, 11), (16, 12)])
def test_one_word(ci, latency):
    """A word alone, then its low halves, each there after exactly `latency` cycles."""
    dut = MacLanes(24, 1, (Form.PLAIN,) * ci)
    assert dut.latency == mac_latency(ci) == latency

    async def run(ctx):
        ctx.set(dut.activations, [10] * ci)
        ctx.set(dut.weights, {"nibbles": [[15] * ci, [7] * ci], "exponents": [0, 1]})
        for control, before, after in (
            ({"first": 1}, None, [-10 * ci, 140 * ci]),
            ({"low": 1, "shift": 1}, [-10 * ci, 140 * ci], [-10 * ci, 2380 * ci]),
        ):
            ctx.set(dut.control, {"valid": 1, **control})
            await ctx.tick()
            ctx.set(dut.control, {"valid": 0})
            await ctx.tick().repeat(latency - 2)
            assert before is None or list(ctx.get(dut.sums)) == before
            await ctx.tick()
            assert list(ctx.get(dut.sums)) == after

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(run)
    simulator.run()
