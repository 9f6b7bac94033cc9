"""Every form of the pair multiplier against plain integers, in Verilator, and its cost in Yosys.

Yosys has only a black box of MULT18X18D; the model is in `support/ecp5_cells.py`.
"""

import pytest
from amaranth.hdl import Module, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from fireline.hw.array.multiplier import PairMultiplier
from fireline.hw.ecp5.mult18x18d import Form
from fireline.hw.lib.verilog import convert
from support.ecp5_cells import run_verilated
from support.yosys import cells, synthesized

BENCH = """
#include "Vtop.h"
#include <cstdio>

constexpr int latency[] = {LATENCIES}, slowest = 6, pairs = 24 * 24;

int main() {
    Vtop top;
    auto product = [](unsigned long long packed, int form) {
        return int(packed >> 13 * form & 0x1fff ^ 0x1000) - 0x1000;
    };
    auto w0 = [](int n) { return n / 256 % 24 - 8; };
    auto w1 = [](int n) { return n / 256 / 24 - 8; };
    top.rst = 0;
    for (int n = 0; n < pairs * 256 + slowest; n++) {
        top.w0 = w0(n) & 31;
        top.w1 = w1(n) & 31;
        top.a = n % 256;
        top.clk = 0;
        top.eval();
        for (int form = 0; form < 3; form++) {
            int then = n - latency[form], a = then % 256;
            if (then < 0 || then >= pairs * 256) continue;
            int p0 = product(top.p0, form), p1 = product(top.p1, form);
            if (p0 != w0(then) * a || p1 != w1(then) * a) {
                std::printf("form %d: %d, %d * %d = %d, %d", form, w0(then), w1(then), a, p0, p1);
                return 1;
            }
        }
        top.clk = 1;
        top.eval();
    }
}
"""


class AllForms(wiring.Component):
    """A multiplier of each form, side by side."""

    a: In(unsigned(8))
    w0: In(signed(5))
    w1: In(signed(5))
    p0: Out(data.ArrayLayout(signed(13), len(Form)))
    p1: Out(data.ArrayLayout(signed(13), len(Form)))

    def __init__(self):
        self.multipliers = [PairMultiplier(form) for form in Form]
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        for form, multiplier in zip(Form, self.multipliers, strict=True):
            m.submodules[form.name] = multiplier
            m.d.comb += [
                multiplier.a.eq(self.a),
                multiplier.w0.eq(self.w0),
                multiplier.w1.eq(self.w1),
                self.p0[form.value].eq(multiplier.p0),
                self.p1[form.value].eq(multiplier.p1),
            ]
        return m


def test_products(tmp_path):
    """All pairs of weights times all activations, each after the latency of its form."""
    top = AllForms()
    latencies = [multiplier.latency(multiplier.form) for multiplier in top.multipliers]
    assert latencies == [6, 6, 3]
    (tmp_path / "top.v").write_text(convert(top, "top"))
    bench = BENCH.replace("LATENCIES", ", ".join(map(str, latencies)))
    assert run_verilated(tmp_path, bench) == (0, "")


@pytest.mark.parametrize(("form", "multipliers"), [(Form.ECP5, 1), (Form.LUT, 0)])
def test_cost(form, multipliers, tmp_path):
    """How many MULT18X18D cells each form takes."""
    assert cells(synthesized(PairMultiplier(form), tmp_path))["MULT18X18D"] == multipliers
