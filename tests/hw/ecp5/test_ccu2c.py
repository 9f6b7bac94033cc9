"""Carry chains against plain sums, proven for all inputs with Yosys' model of the cell."""

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from fireline.hw.ecp5.ccu2c import ADD_OR_SUBTRACT, TWO_MASKED, ccu2c
from support.yosys import run_yosys

PROVE = (
    "read_rtlil top.il; read_verilog +/ecp5/ccu2c_sim.vh +/ecp5/common_sim.vh; "
    "hierarchy -top top; proc; flatten; opt_clean; sat -verify -prove equal 1 top"
)


class Chain(wiring.Component):
    """`equal`: a chain of `width` columns gives the right sum."""

    def __init__(self, table: int, width: int):
        self.table, self.width = table, width
        super().__init__({"a": In(width), "b": In(width), "c": In(1), "d": In(1), "equal": Out(1)})

    def elaborate(self, platform):
        m = Module()
        a, b, c, d = self.a, self.b, self.c, self.d
        if self.table == TWO_MASKED:
            columns = [(a[n], c, b[n], d) for n in range(self.width)]
            wanted = Mux(c, a, 0) + Mux(d, b, 0)
        else:
            columns = [(a[n], b[n], c, Const(1, 1)) for n in range(self.width)]
            wanted = a + (b ^ c.replicate(self.width))
        total = Signal(self.width)
        m.d.comb += [
            total.eq(wanted),
            self.equal.eq(ccu2c(m, columns, self.table)[: self.width] == total),
        ]
        return m


@pytest.mark.parametrize("table", [TWO_MASKED, ADD_OR_SUBTRACT])
@pytest.mark.parametrize("width", [1, 2, 7, 10])
def test_sums(table, width, tmp_path):
    (tmp_path / "top.il").write_text(rtlil.convert(Chain(table, width), name="top"))
    run_yosys(PROVE, tmp_path)
