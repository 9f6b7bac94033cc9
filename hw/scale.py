"""Multiplication by a fraction, rounded half up: the only place where the hardware rounds."""

from amaranth.hdl import Array, Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .delay import delay


class Scale(wiring.Component):
    """`y = (x * multiplier + (1 << (shift - 1))) >> shift`, exact, all unsigned.

    `shift` is an index into `shifts`, so that a multiplexer of constant shifts does. The half is
    added when all but the last bit are shifted out, which gives the same and is narrower.

    `dsp`: multiply with `*` (an ECP5 takes one MULT18X18D for each 18 bits of `x`), otherwise with
    shifts and adds that no tool takes for a multiplication. Latency `LATENCY`, one value a cycle.
    """

    MULTIPLY = 4  # cycles; they do for multipliers of up to 16 bits
    LATENCY = MULTIPLY + 2

    def __init__(
        self, value_bits: int, multiplier_bits: int, shifts: tuple[int, ...], *, dsp: bool
    ):
        self.shifts = shifts
        self.dsp = dsp
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
        product = self._dsp_product(m) if self.dsp else self._lut_product(m)
        shift = delay(m, self.shift, self.MULTIPLY)
        doubled = Signal(len(self.y), reset_less=True)
        m.d.sync += doubled.eq(Array(product >> (n - 1) for n in self.shifts)[shift])
        m.d.comb += self.y.eq(delay(m, (doubled + 1) >> 1, 1))
        return m

    def _dsp_product(self, m):
        """Register the factors, multiply by halves, add the halves, wait."""
        x, multiplier = delay(m, self.x, 1), delay(m, self.multiplier, 1)
        low, high = (delay(m, half * multiplier, 1) for half in (x[:18], x[18:]))
        return delay(m, low + (high << 18), self.MULTIPLY - 2)

    def _lut_product(self, m):
        """A tree of adders over the multiplier's bits, a level a cycle."""
        terms = [Mux(bit, self.x, 0) << n for n, bit in enumerate(self.multiplier)]
        for _ in range(self.MULTIPLY):
            pairs = [terms[n : n + 2] for n in range(0, len(terms), 2)]
            terms = [delay(m, sum(pair[1:], pair[0]), 1) for pair in pairs]
        (product,) = terms
        return product


def index_shape(choices: tuple[int, ...]):
    """The shape of an index into `choices`: one bit at least, for a port must have a width."""
    return unsigned(max((len(choices) - 1).bit_length(), 1))
