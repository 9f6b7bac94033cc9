"""The ECP5's carry chain (CCU2C) with a LUT in front of each adder."""

from collections.abc import Sequence

from amaranth.hdl import Const, Instance, Module, Signal, Value

TWO_MASKED = 0x7888
"""Table of `ccu2c` for `(a & b) + (c & d)`."""

ADD_OR_SUBTRACT = 0x96AA
"""Table of `ccu2c` for `a + (b ^ c)`, with `d` = 1."""


def ccu2c(m: Module, columns: Sequence[tuple[Value, Value, Value, Value]], table: int) -> Signal:
    """Adds two bits in each column; returns the sum, one bit a column. Combinational.

    Columns (a, b, c, d) start with the lowest. Each column has a LUT that contains `table`. Its bit
    `d c b a` (as a number) is set if the column propagates the carry, that is if exactly one of its
    two bits is set. Its bit `0 0 b a` is the carry of a column that does not propagate.

    Amaranth's simulator has no model of the cell: simulate another form.

    Source
        Yosys' model of the cell, techlibs/ecp5, CCU2C
    """
    zero = Const(0, 1)
    total = Signal(len(columns) + len(columns) % 2)
    carry = zero
    columns = [*columns, (zero,) * 4] if len(columns) % 2 else columns
    for first in range(0, len(columns), 2):
        pins = {
            f"i_{pin}{half}": value
            for half in range(2)
            for pin, value in zip("ABCD", columns[first + half], strict=True)
        }
        out = Signal()
        m.submodules += Instance(
            "CCU2C",
            p_INIT0=Const(table, 16),
            p_INIT1=Const(table, 16),
            p_INJECT1_0="NO",
            p_INJECT1_1="NO",
            **pins,
            i_CIN=carry,
            o_S0=total[first],
            o_S1=total[first + 1],
            o_COUT=out,
        )
        carry = out
    return total
