"""Two products that share a factor, from one 18 x 18 multiplier or from LUTs."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..ecp5.ccu2c import ADD_OR_SUBTRACT, TWO_MASKED, ccu2c
from ..ecp5.mult18x18d import Form, mult18x18d
from ..lib import routing
from ..lib.delay import delay

PRODUCT_BITS = 13  # -8 * 255 .. 15 * 255, signed


class PairMultiplier(wiring.Component):
    """`p0 = w0 * a` and `p1 = w1 * a`.

    Members
        a: in, unsigned, 8 bits
        w0, w1: in, signed, -8..15
        p0, p1: out, signed
    Latency
        `latency(form)` cycles from the factors to the products, at most `LATENCY`
    Throughput
        one pair of products a cycle
    Source
        Xilinx WP486, "Deep Learning with INT8 Optimization on Xilinx Devices": two products that
        share a factor in one multiplier
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
        """Cycles from the factors to the products."""
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
        """`((w1 << 13) + w0) * a`; a negative low product borrows one from the high product.

        The rows of multipliers cross the die, so a register behind each cuts the wires back.
        """
        packed = Signal(signed(18))
        product = Signal(signed(36))
        m.d.comb += packed.eq(delay(m, ((self.w1 << PRODUCT_BITS) + self.w0)[:18], 1))
        m.submodules.dsp = mult18x18d(packed, delay(m, self.a, 1), product)
        product = routing.delay(m, product[: 2 * PRODUCT_BITS], 1)
        low = product[:PRODUCT_BITS].as_signed()
        high = product[PRODUCT_BITS:].as_signed()
        return _register(m, low), _register(m, high + (low < 0))


def _register(m, value):
    """`value` one cycle later, with the width of a product."""
    register = Signal(signed(PRODUCT_BITS), reset_less=True)
    m.d.sync += register.eq(value)
    return register


def _digits(m, w, a):
    """`w * a` from LUTs::

        cycle 1   w and a arrive
        cycle 2   low = a * w[:2], rest = a * |w >> 2|
        cycle 3   low + 4 * rest, or low - 4 * rest where w is negative

    As `w` is at least -8, `w >> 2` is -2 or -1 where `w` is negative.
    """
    w, a = routing.delay(m, w, 1), routing.delay(m, a, 1)
    minus = w[4]
    low = delay(m, _multiple(m, a, w[0], w[1]), 1)
    rest = delay(m, _multiple(m, a, w[2], Mux(minus, ~w[2], w[3])), 1)
    minus, zero, one = delay(m, minus, 1), Const(0, 1), Const(1, 1)
    columns = [(minus, zero, minus, one)]  # carries in the 1 of the two's complement
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
