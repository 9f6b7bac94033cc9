"""The array of multipliers and accumulators, which all convolutions share."""

from amaranth.hdl import Module, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from ..ecp5.mult18x18d import Form
from ..lib import routing
from ..lib.delay import delay
from .mac_lanes import MacControl, MacLanes
from .weight_word import WeightWord

GATHER_CYCLES = 2
"""Registers on the long wires from the lane pairs back to one place."""


class MacArray(wiring.Component):
    """`ci` input channels times `co` output channels a cycle; the sums stay in place.

    Each lane sums its products over the words from `first` to `last`; see `MacLanes`. A sum takes
    any number of words, with any number of cycles between them.

    Parameters
        ci, co: input channels, output channels (array lanes)
        accumulator_bits: of each sum, signed
        exponent_bits: of each exponent
        dsp: number of pair multipliers that are a MULT18X18D, dealt evenly over the lane pairs; the
            others are made of LUTs. None: all are behavioural, for simulation
    Members
        i: in, `control` and `activations` of a word; its `weights`, which are read beside the lane
            pairs, `routing.TREE_CYCLES` later
        o: out, `sums`; `valid` marks the one cycle in which they are complete
    Latency
        `latency(ci)` cycles from the last word's control and activations to `o`
    Throughput
        one word a cycle
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
            sums = routing.delay(m, pair.sums, GATHER_CYCLES)
            m.d.comb += [self.o.sums[2 * n + lane].eq(sums[lane]) for lane in range(2)]
        done = self.i.control.valid & self.i.control.last
        m.d.comb += self.o.valid.eq(delay(m, done, self._latency, reset_less=False))
        return m


def multiplier_forms(ci: int, pairs: int, dsp: int | None) -> list[tuple[Form, ...]]:
    """The kind of each multiplier, by lane pair and channel; None: all are behavioural.

    The first `dsp` are MULT18X18D: channel 0 of every pair, then channel 1, and so on.
    """
    if dsp is None:
        return [(Form.PLAIN,) * ci] * pairs
    return [
        tuple(Form.ECP5 if n * pairs + pair < dsp else Form.LUT for n in range(ci))
        for pair in range(pairs)
    ]
