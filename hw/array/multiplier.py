"""Two products that share a factor: one 18 x 18 multiplier's worth, or fabric."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..ecp5.ccu2c import ADD_OR_SUBTRACT, TWO_MASKED, ccu2c
from ..ecp5.mult18x18d import Form, mult18x18d
from ..lib.delay import delay

PRODUCT_BITS = 13  # -8 * 255 .. 15 * 255, signed


class PairMultiplier(wiring.Component):
    """`p0 = w0 * a` and `p1 = w1 * a`, with both weights in -8..15.

    Latency `latency(form)` cycles, at most `LATENCY`; one pair a
    cycle.
    """

    LATENCY = 6
    LUT_LATENCY = 3

    a: In(unsigned(8))
    w0: In(signed(5))
    w1: In(signed(5))
    p0: Out(signed(PRODUCT_BITS))
    p1: Out(signed(PRODUCT_BITS))

    def __init__(self, form: Form):
        self.form = form
        super().__init__()

    @classmethod
    def latency(cls, form: Form) -> int:
        """Cycles from factors to products."""
        return cls.LUT_LATENCY if form is Form.LUT else cls.LATENCY

    def elaborate(self, platform):
        m = Module()
        build = {Form.PLAIN: self._plain, Form.ECP5: self._ecp5, Form.LUT: self._lut}[self.form]
        p0, p1 = build(m)
        m.d.comb += [self.p0.eq(p0), self.p1.eq(p1)]
        return m

    def _plain(self, m):
        return [delay(m, _register(m, w * self.a), self.LATENCY - 1) for w in (self.w0, self.w1)]

    def _lut(self, m):
        return [_digits(m, w, self.a) for w in (self.w0, self.w1)]

    def _ecp5(self, m):
        """`((w1 << 13) + w0) * a`: a negative low product borrows one from the high product.

        The multipliers stand in rows as wide as the die, so a cycle is for the way from there.
        """
        packed = Signal(signed(18))
        product = Signal(signed(36))
        m.d.comb += packed.eq(delay(m, ((self.w1 << PRODUCT_BITS) + self.w0)[:18], 1))
        m.submodules.dsp = mult18x18d(packed, delay(m, self.a, 1), product)
        product = delay(m, product[: 2 * PRODUCT_BITS], 1)
        low = product[:PRODUCT_BITS].as_signed()
        high = product[PRODUCT_BITS:].as_signed()
        return _register(m, low), _register(m, high + (low < 0))


def _register(m, value):
    """`value` a cycle later, cut to a product's width."""
    register = Signal(signed(PRODUCT_BITS), reset_less=True)
    m.d.sync += register.eq(value)
    return register


def _digits(m, w, a):
    """A cycle for the way here, one for the multiples of `a` by w's lower two bits and by the rest
    of it, one for their sum.

    As `w` is not below -8, the rest is -2 or -1 when `w` is negative: twice or once is taken away.
    """
    w, a = delay(m, w, 1), delay(m, a, 1)
    minus = w[4]
    low = delay(m, _multiple(m, a, w[0], w[1]), 1)
    rest = delay(m, _multiple(m, a, w[2], Mux(minus, ~w[2], w[3])), 1)
    minus, zero, one = delay(m, minus, 1), Const(0, 1), Const(1, 1)
    columns = [(minus, zero, minus, one)]  # carries the one that makes a complement a negative
    columns += [
        (low[n] if n < len(low) else zero, rest[n - 2] if n - 2 < len(rest) else zero, minus, one)
        for n in range(2, PRODUCT_BITS)
    ]
    return _register(m, Cat(low[:2], ccu2c(m, columns, ADD_OR_SUBTRACT)[1:]).as_signed())


def _multiple(m, a, once, twice):
    """`once * a + 2 * twice * a`."""
    zero = Const(0, 1)
    bits = [zero, *a, zero, zero]
    return ccu2c(m, [(bits[n + 1], once, bits[n], twice) for n in range(len(a) + 2)], TWO_MASKED)
