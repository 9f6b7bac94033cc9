"""A lane pair by itself; `test_mac_array` sends whole output groups."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator
from fireline.hw.array.mac_lanes import MacControl, MacLanes
from fireline.hw.array.weight_word import WeightWord
from fireline.hw.ecp5.mult18x18d import Form
from fireline.hw.lib.verilog import convert
from support.ecp5_cells import run_verilated

CI = 8
BENCH = """
#include "Vtop.h"
#include <cstdio>
#include <random>

int main() {
    Vtop top;
    std::mt19937_64 random;
    top.rst = 0;
    for (int n = 0; n < 20000; n++) {
        top.control = random() & 31;
        top.activations = random();
        for (int part = 0; part < 3; part++) top.weights[part] = random() & (part < 2 ? -1u : 3u);
        top.clk = 0;
        top.eval();
        if (n > 100 && !top.equal) {
            std::printf("cycle %d", n);
            return 1;
        }
        top.clk = 1;
        top.eval();
    }
}
"""


class SameAsPlain(wiring.Component):
    """A lane pair of some `forms` beside a plain one; `equal` compares their sums."""

    control: In(MacControl)
    activations: In(8 * CI)
    weights: In(WeightWord(CI, 2, 1))
    equal: Out(1)

    def __init__(self, forms: tuple[Form, ...]):
        self.forms = forms
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        lanes = MacLanes(30, 1, self.forms), MacLanes(30, 1, (Form.PLAIN,) * CI)
        for name, dut in zip(("formed", "plain"), lanes, strict=True):
            m.submodules[name] = dut
            m.d.comb += [
                dut.control.eq(self.control),
                dut.activations.eq(self.activations),
                dut.weights.eq(self.weights),
            ]
        m.d.comb += self.equal.eq(lanes[0].sums == lanes[1].sums)
        return m


@pytest.mark.parametrize("dsp", [0, 1, 4, 5, 8])
def test_sums_are_the_same_whatever_the_multipliers(dsp, tmp_path):
    forms = (Form.ECP5,) * dsp + (Form.LUT,) * (CI - dsp)
    top = convert(SameAsPlain(forms), "top")
    (tmp_path / "top.v").write_text(top)
    assert run_verilated(tmp_path, BENCH) == (0, "")


@pytest.mark.parametrize(("ci", "latency"), [(4, 10), (8, 11), (16, 12)])
def test_one_word(ci, latency):
    """One word, then its low halves: each changes the sums after exactly `latency` cycles."""
    dut = MacLanes(24, 1, (Form.PLAIN,) * ci)
    assert MacLanes.latency(ci) == latency

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
