"""The carry chain of an ECP5, with logic in front of its adders."""

from collections.abc import Sequence

from amaranth.hdl import Const, Instance, Module, Signal, Value

TWO_MASKED = 0x7888
"""`(a & b) + (c & d)`, for `ccu2c`."""

ADD_OR_SUBTRACT = 0x96AA
"""`a + (b ^ c)`, for `ccu2c`, with `d` = 1."""


def ccu2c(m: Module, columns: Sequence[tuple[Value, Value, Value, Value]], table: int) -> Signal:
    """The sum of two bits a column, lowest first, as many bits as there are columns.

    In each column (a, b, c, d) a LUT with that `table` says, at `d c b a` as a number, whether one
    of the two bits is set alone; and where `c` and `d` are 0, whether the sum carries if not.
    Combinational. Amaranth's simulator knows no primitives: simulate something else.
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
