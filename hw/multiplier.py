"""Two products that share a factor: one 18 x 18 multiplier's worth, or fabric."""

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Mux, Signal, signed, unsigned
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from .delay import delay

PRODUCT_BITS = 13  # -8 * 255 .. 15 * 255, signed


class Form(enum.Enum):
    """What the products are made of."""

    PLAIN = 0  # behavioural: for simulation, or for whatever the synthesis tool likes
    ECP5 = 1  # one MULT18X18D, its three register stages in use
    LUT = 2  # shift and add, which no synthesis tool takes for a multiplication


class PairMultiplier(wiring.Component):
    """`p0 = w0 * a` and `p1 = w1 * a`, with both weights in -8..15.

    Latency `LATENCY` cycles whatever the form, one pair a cycle.
    """

    LATENCY = 5

    a: In(unsigned(8))
    w0: In(signed(5))
    w1: In(signed(5))
    p0: Out(signed(PRODUCT_BITS))
    p1: Out(signed(PRODUCT_BITS))

    def __init__(self, form: Form):
        self.form = form
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        build = {Form.PLAIN: self._plain, Form.ECP5: self._ecp5, Form.LUT: self._lut}[self.form]
        p0, p1 = build(m)
        m.d.comb += [self.p0.eq(p0), self.p1.eq(p1)]
        return m

    def _plain(self, m):
        return [delay(m, _register(m, w * self.a), self.LATENCY - 1) for w in (self.w0, self.w1)]

    def _lut(self, m):
        return [_shift_and_add(m, w, self.a) for w in (self.w0, self.w1)]

    def _ecp5(self, m):
        """`((w1 << 13) + w0) * a`: a negative low product borrows one from the high product."""
        packed = Signal(signed(18))
        product = Signal(signed(36))
        m.d.comb += packed.eq(delay(m, ((self.w1 << PRODUCT_BITS) + self.w0)[:18], 1))
        m.submodules.dsp = _mult18x18d(packed, delay(m, self.a, 1), product)
        low = product[:PRODUCT_BITS].as_signed()
        high = product[PRODUCT_BITS:].as_signed()
        return _register(m, low), _register(m, high + (low < 0))


def _register(m, value):
    """`value` a cycle later, cut to a product's width."""
    register = Signal(signed(PRODUCT_BITS), reset_less=True)
    m.d.sync += register.eq(value)
    return register


def _shift_and_add(m, w, a):
    """Two cycles for the way here; then add bits 0 and 1, and bit 2 and the rest; then add these.

    As `w` is not below -8, bits 3 and 4 are worth -8 together, 8 or nothing. For -8, `a` is
    inverted, and the one that is lacking comes in as a carry from below.
    """

    def masked(bit):
        return Mux(bit, a, 0)

    w, a = delay(m, w, 2), delay(m, a, 2)
    low = _register(m, masked(w[0]) + (masked(w[1]) << 1))
    minus = w[4]
    top = Cat(minus, minus, masked(w[3]) ^ minus.replicate(len(a)), minus).as_signed()
    high = _register(m, (Cat(minus, masked(w[2])) + top) >> 1)
    return delay(m, _register(m, low + (high << 2)), 1)


def _mult18x18d(a, b, p):
    """`p = a * b` after three cycles: signed `a`, unsigned `b`, every register on."""
    registers = {
        f"p_REG_{place}_{pin}": value
        for place in ("INPUTA", "INPUTB", "PIPELINE", "OUTPUT")
        for pin, value in (("CLK", "CLK0"), ("CE", "CE0"), ("RST", "RST0"))
    }
    pins = {f"i_A{n}": a[n] if n < len(a) else a[-1] for n in range(18)}
    pins |= {f"i_B{n}": b[n] if n < len(b) else Const(0, 1) for n in range(18)}
    pins |= {f"o_P{n}": p[n] for n in range(36)}
    return Instance(
        "MULT18X18D",
        **registers,
        **pins,
        i_SIGNEDA=Const(1, 1),
        i_SIGNEDB=Const(0, 1),
        i_SOURCEA=Const(0, 1),
        i_SOURCEB=Const(0, 1),
        i_CLK0=ClockSignal(),
        i_CE0=Const(1, 1),
        i_RST0=Const(0, 1),
    )
