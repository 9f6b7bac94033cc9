"""The array of multipliers and accumulators that every convolution shares."""

from amaranth.hdl import Module, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from ..ecp5.mult18x18d import Form
from ..lib import routing
from ..lib.delay import delay
from .mac_lanes import MacControl, MacLanes, WeightWord

GATHER_CYCLES = 2
"""For the way of the sums back from the lane pairs."""


class MacArray(wiring.Component):
    """`ci` input channels times `co` output channels a cycle, output-stationary.

    Words that belong together, from `first` to `last`, are summed up lane by lane; `o.valid` tells
    that `o.sums` are complete, `latency` cycles after the last word and for that cycle only. One
    word a cycle, in groups of any length, with any number of cycles between words. Control and
    activations are spread over the lane pairs, and a word's `weights`, which stand beside them
    already, are expected `routing.TREE_CYCLES` later.

    `dsp`: the number of lane pairs times input channels whose multiplier is a MULT18X18D, spread
    evenly over the lanes; the others are made of LUTs. None: behavioural ones, for simulation.
    """

    WEIGHT_CYCLES = routing.TREE_CYCLES
    """From a word's control and activations to its weights."""

    def __init__(
        self,
        ci: int,
        co: int,
        *,
        accumulator_bits: int,
        exponent_bits: int,
        dsp: int | None = None,
    ):
        self.accumulator_bits = accumulator_bits
        self.exponent_bits = exponent_bits
        self.forms = multiplier_forms(ci, co // 2, dsp)
        self._latency = self.latency(ci)
        word = wiring.Signature(
            {
                "control": Out(MacControl),
                "activations": Out(ArrayLayout(unsigned(8), ci)),
                "weights": Out(ArrayLayout(WeightWord(ci, 2, exponent_bits), co // 2)),
            }
        )
        sums = wiring.Signature(
            {"valid": Out(1), "sums": Out(ArrayLayout(signed(accumulator_bits), co))}
        )
        super().__init__({"i": In(word), "o": Out(sums)})

    @staticmethod
    def latency(ci: int) -> int:
        """Cycles from the last word's control and activations to the sums."""
        return routing.TREE_CYCLES + MacLanes.latency(ci) + GATHER_CYCLES

    def elaborate(self, platform):
        m = Module()
        controls = routing.tree(m, self.i.control, len(self.forms))
        activations = routing.tree(m, self.i.activations, len(self.forms))
        for n, forms in enumerate(self.forms):
            pair = MacLanes(self.accumulator_bits, self.exponent_bits, forms)
            m.submodules[f"pair{n}"] = pair
            m.d.comb += [
                pair.control.eq(controls[n]),
                pair.activations.eq(activations[n]),
                pair.weights.eq(self.i.weights[n]),
            ]
            sums = delay(m, pair.sums, GATHER_CYCLES)
            m.d.comb += [self.o.sums[2 * n + lane].eq(sums[lane]) for lane in range(2)]
        done = self.i.control.valid & self.i.control.last
        m.d.comb += self.o.valid.eq(delay(m, done, self._latency, reset_less=False))
        return m


def multiplier_forms(ci: int, pairs: int, dsp: int | None) -> list[tuple[Form, ...]]:
    """The multipliers of each lane pair; `dsp` are dealt out channel by channel, pair by pair."""
    if dsp is None:
        return [(Form.PLAIN,) * ci] * pairs
    return [
        tuple(Form.ECP5 if n * pairs + pair < dsp else Form.LUT for n in range(ci))
        for pair in range(pairs)
    ]
