"""The cell against the behavioural product, both in a `Scale`, in Verilator."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from fireline.hw.ecp5.mult18x18d import Form
from fireline.hw.lib.verilog import convert
from fireline.hw.output.scale import Scale
from support.ecp5_cells import run_verilated

TESTBENCH = """
#include "Vtop.h"
#include <cstdio>

int main() {
    Vtop top;
    unsigned long long random = 1;
    top.rst = 0;
    for (int n = 0; n < 100000; n++) {
        random = random * 6364136223846793005ull + 1442695040888963407ull;
        top.x = (n % 64 ? random >> 20 : ~0ull) & (1ull << VALUE) - 1;
        top.multiplier = (n % 32 ? random >> 44 : ~0ull) & (1ull << MULTIPLIER) - 1;
        top.clk = 0;
        top.eval();
        if (top.y0 != top.y1) {
            std::printf("cycle %d: %llx, not %llx", n, (long long)top.y1, (long long)top.y0);
            return 1;
        }
        top.clk = 1;
        top.eval();
    }
}
"""


class BothForms(wiring.Component):
    """A scale of each form, side by side."""

    def __init__(self, value_bits, multiplier_bits):
        shape = value_bits, multiplier_bits, (3,)
        self.scales = [Scale(*shape, form=form) for form in (Form.PLAIN, Form.ECP5)]
        result = Out(len(self.scales[0].y))
        super().__init__(
            {"x": In(value_bits), "multiplier": In(multiplier_bits), "y0": result, "y1": result}
        )

    def elaborate(self, platform):
        m = Module()
        for n, scale in enumerate(self.scales):
            m.submodules += scale
            m.d.comb += [scale.x.eq(self.x), scale.multiplier.eq(self.multiplier)]
            m.d.comb += getattr(self, f"y{n}").eq(scale.y)
        return m


@pytest.mark.parametrize(("value_bits", "multiplier_bits"), [(8, 8), (18, 12), (19, 8), (30, 18)])
def test_products(value_bits, multiplier_bits, tmp_path):
    text = convert(BothForms(value_bits, multiplier_bits), "top")
    (tmp_path / "top.v").write_text(text)
    program = TESTBENCH.replace("VALUE", str(value_bits))
    program = program.replace("MULTIPLIER", str(multiplier_bits))
    assert run_verilated(tmp_path, program) == (0, "")
