"""The ECP5's hardware multiplier (MULT18X18D)."""

from amaranth.hdl import ClockSignal, Const, Instance, Value
from amaranth.lib import enum


class Form(enum.Enum):
    """How a product is implemented."""

    PLAIN = 0  # behavioural: for simulation, and for synthesis to choose
    ECP5 = 1  # MULT18X18D with all its registers
    LUT = 2  # carry chains, which synthesis does not infer a multiplier from


MULT18X18D_CYCLES = 3
FACTOR_BITS = 18


def mult18x18d(a, b, p, *, control: int = 3, bel: str | None = None) -> Instance:
    """`p = a * b`, `MULT18X18D_CYCLES` later, through the registers of inputs, pipeline and output.

    `a` is signed or unsigned, `b` unsigned; both have at most `FACTOR_BITS` bits, `p` has twice as
    many. Amaranth's simulator has no model of the cell: simulate `Form.PLAIN`.

    The registers take their enable from CE3 and their reset from RST3, because nextpnr leaves some
    selectors of a multiplier in the second half of a DSP slice at 0, which means these two. Another
    `control` than 3 chooses other pins. `bel` is the site, as nextpnr calls it.

    Source
        Lattice FPGA-TN-02205, ECP5 and ECP5-5G sysDSP Usage Guide
    """
    sign = Value.cast(a).shape().signed
    registers = {
        f"p_REG_{place}_{pin}": value
        for place in ("INPUTA", "INPUTB", "PIPELINE", "OUTPUT")
        for pin, value in (("CLK", "CLK0"), ("CE", f"CE{control}"), ("RST", f"RST{control}"))
    }
    pins = {
        f"i_A{n}": a[n] if n < len(a) else a[-1] if sign else Const(0, 1)
        for n in range(FACTOR_BITS)
    }
    pins |= {f"i_B{n}": b[n] if n < len(b) else Const(0, 1) for n in range(FACTOR_BITS)}
    pins |= {f"o_P{n}": p[n] for n in range(2 * FACTOR_BITS)}
    return Instance(
        "MULT18X18D",
        **registers,
        **pins,
        i_SIGNEDA=Const(sign, 1),
        i_SIGNEDB=Const(0, 1),
        i_SOURCEA=Const(0, 1),
        i_SOURCEB=Const(0, 1),
        i_CLK0=ClockSignal(),
        **{f"i_CE{control}": Const(1, 1), f"i_RST{control}": Const(0, 1)},
        **({"a_BEL": bel} if bel else {}),
    )
