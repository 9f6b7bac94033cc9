"""Multiplication by a fraction, rounded half up: the only rounding in the hardware."""

from amaranth.hdl import Array, Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..ecp5.mult18x18d import FACTOR_BITS, MULT18X18D_CYCLES, Form, mult18x18d
from ..lib import routing
from ..lib.delay import delay


class Scale(wiring.Component):
    """`y = (x * multiplier + (1 << (shift - 1))) >> shift`, exact, all unsigned.

    `y` is computed as `((x * multiplier >> (shift - 1)) + 1) >> 1`, which needs a narrower adder.
    `shift` is an index, because a multiplexer of a few constant shifts is smaller than a shifter.

    Parameters
        value_bits: of `x`
        multiplier_bits: of `multiplier`, at most 16
        shifts: the shifts that occur, each at least 1
        form: PLAIN is a behavioural multiplication, ECP5 takes one MULT18X18D for each 18 bits of
            `x`, LUT is a tree of adders
    Members
        x, multiplier: in
        shift: in, an index into `shifts`
        y: out
    Latency
        `LATENCY` cycles: multiply, shift, round
    Throughput
        one value a cycle
    """

    MULTIPLY_CYCLES = MULT18X18D_CYCLES + 1
    LATENCY = MULTIPLY_CYCLES + 2

    def __init__(
        self, value_bits: int, multiplier_bits: int, shifts: tuple[int, ...], *, form: Form
    ):
        self.shifts = shifts
        self.form = form
        super().__init__(
            {
                "x": In(value_bits),
                "multiplier": In(multiplier_bits),
                "shift": In(index_shape(shifts)),
                "y": Out(max(value_bits + multiplier_bits - min(shifts) + 1, 1)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        multiply = {Form.PLAIN: self._plain, Form.ECP5: self._ecp5, Form.LUT: self._lut}
        product = multiply[self.form](m)
        shift = routing.copy(m, delay(m, self.shift, self.MULTIPLY_CYCLES - 1))
        doubled = Signal(len(self.y), reset_less=True)
        m.d.sync += doubled.eq(Array(product >> (n - 1) for n in self.shifts)[shift])
        m.d.comb += self.y.eq(delay(m, (doubled + 1) >> 1, 1))
        return m

    def _plain(self, m):
        return delay(m, self.x * self.multiplier, self.MULTIPLY_CYCLES)

    def _ecp5(self, m):
        """Multiplies the low 18 bits of `x` and the rest, and adds the two products."""
        products = []
        for n, half in enumerate((self.x[:FACTOR_BITS], self.x[FACTOR_BITS:])):
            product = Signal(2 * FACTOR_BITS)
            if len(half):
                m.submodules[f"dsp{n}"] = mult18x18d(half, self.multiplier, product)
            products.append(product)
        low, high = products
        return delay(m, low + (high << FACTOR_BITS), 1)

    def _lut(self, m):
        """A tree of adders over the bits of the multiplier, one level a cycle."""
        terms = [Mux(bit, self.x, 0) << n for n, bit in enumerate(self.multiplier)]
        for _ in range(self.MULTIPLY_CYCLES):
            pairs = [terms[n : n + 2] for n in range(0, len(terms), 2)]
            terms = [delay(m, sum(pair[1:], pair[0]), 1) for pair in pairs]
        (product,) = terms
        return product


def index_shape(choices: tuple[int, ...]):
    """The shape of an index into `choices`, at least one bit, because a port has a width."""
    return unsigned(max((len(choices) - 1).bit_length(), 1))
