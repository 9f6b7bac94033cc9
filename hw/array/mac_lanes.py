"""A lane pair of the array: two accumulators that share activations and multipliers."""

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..ecp5.mult18x18d import Form
from ..lib.delay import delay
from .multiplier import PairMultiplier
from .weight_word import WeightWord


class MacControl(data.Struct):
    """What the array does with a word. The other fields are ignored unless `valid` is set."""

    valid: 1
    first: 1  # the accumulators start from 0
    last: 1  # this word completes the sums
    low: 1  # the nibbles are 0..15, the low halves of 8-bit weights; otherwise they are -8..7
    shift: 1  # the accumulators are multiplied by 16 first: first word of the low halves


class MacLanes(wiring.Component):
    """`sum = (first ? 0 : shift ? 16 * sum : sum) + (dot(nibbles, activations) << exponent)`.

    Two lanes compute this side by side::

        activations --+--> multipliers --> adder tree --> << exponent --> accumulator 0
        weights ------+        (shared)--> adder tree --> << exponent --> accumulator 1

    Parameters
        accumulator_bits: of each sum, signed
        exponent_bits: of each exponent
        forms: the kind of multiplier of each input channel
    Members
        control: in, see `MacControl`
        activations: in, 8 bits per input channel
        weights: in, the lane pair's part of a `WeightWord`
        sums: out, valid until the next word's sum arrives, at least one cycle
    Latency
        `latency(ci)` cycles from a word to the `sums` that contain it
    Throughput
        one word a cycle
    """

    def __init__(self, accumulator_bits: int, exponent_bits: int, forms: tuple[Form, ...]):
        self.forms = forms
        self._latency = self.latency(len(forms))
        self.accumulator_bits = accumulator_bits
        self.exponent_bits = exponent_bits
        super().__init__(
            {
                "control": In(MacControl),
                "activations": In(data.ArrayLayout(unsigned(8), len(forms))),
                "weights": In(WeightWord(len(forms), 2, exponent_bits)),
                "sums": Out(data.ArrayLayout(signed(accumulator_bits), 2)),
            }
        )

    @staticmethod
    def latency(ci: int) -> int:
        """Cycles from a word to the sums: multiply, one per adder level, scale, accumulate."""
        return PairMultiplier.LATENCY + (ci - 1).bit_length() + 2

    def elaborate(self, platform):
        m = Module()
        control = delay(m, self.control, self._latency - 1)
        for lane, products in enumerate(self._multiply(m)):
            scaled = self._scale(m, lane, add_by_pairs(m, products))
            total = Signal(signed(self.accumulator_bits), reset_less=True)
            carried = Mux(control.first, 0, Mux(control.shift, total << 4, total))
            with m.If(control.valid):
                m.d.sync += total.eq(carried + scaled)
            m.d.comb += self.sums[lane].eq(total)
        return m

    def _multiply(self, m):
        """For each lane its products, each with the number of cycles that it is early."""
        products = [], []
        for n, form in enumerate(self.forms):
            m.submodules[f"multiplier{n}"] = multiplier = PairMultiplier(form)
            m.d.comb += [
                multiplier.a.eq(self.activations[n]),
                multiplier.w0.eq(self._weight(0, n)),
                multiplier.w1.eq(self._weight(1, n)),
            ]
            early = PairMultiplier.LATENCY - PairMultiplier.latency(form)
            products[0].append((multiplier.p0, early))
            products[1].append((multiplier.p1, early))
        return products

    def _weight(self, lane, n):
        nibble = self.weights.nibbles[lane][n]
        return Mux(self.control.low, nibble, nibble.as_signed())

    def _scale(self, m, lane, dot):
        """A dot product, shifted by the exponent of its exponent group, one cycle later."""
        if not self.exponent_bits:
            return delay(m, dot, 1)
        exponent = delay(m, self.weights.exponents[lane], self._latency - 2)
        return delay(m, dot << exponent, 1)


def add_by_pairs(m: Module, terms):
    """The sum of the terms, a power of two of them, through one adder level a cycle.

    Each term comes with the number of cycles that it is early. Early terms are added early, because
    a sum that waits has fewer bits than its terms.
    """
    while len(terms) > 1:
        terms = [_add(m, *pair) for pair in zip(terms[::2], terms[1::2], strict=True)]
    return delay(m, *terms[0])


def _add(m, first, second):
    """The sum of two terms, one cycle after the later one, and how early that one was."""
    early = min(first[1], second[1])
    a, b = (delay(m, term, cycles - early) for term, cycles in (first, second))
    return delay(m, a + b, 1), early
