"""Two products that share a factor: one 18 x 18 multiplier's worth, or fabric."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .delay import delay
from .mult18x18d import Form, mult18x18d

PRODUCT_BITS = 13  # -8 * 255 .. 15 * 255, signed


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
        m.submodules.dsp = mult18x18d(packed, delay(m, self.a, 1), product)
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
