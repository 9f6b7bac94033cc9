"""The requantizer: sums become activations by bias, ReLU, scale, skip and clamp."""

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from ..ecp5.mult18x18d import Form
from ..lib.delay import delay
from .parameters import ParameterWord
from .scale import Scale, index_shape


class SkipControl(data.StructLayout):
    """Whether and how a beat adds skip values; `shift` is an index into the skip shifts."""

    def __init__(self, shifts: tuple[int, ...]):
        super().__init__({"enable": 1, "multiplier": unsigned(8), "shift": index_shape(shifts)})


def values_signature(lanes: int) -> wiring.Signature:
    """The values of a beat, 16 bits each."""
    return wiring.Signature({"valid": Out(1), "values": Out(ArrayLayout(16, lanes))})


class Requantizer(wiring.Component):
    """`o = min(scale(max(sum + bias, 0)) + skip, maximum)` in every lane.

    `scale(x) = (x * multiplier + (1 << (shift - 1))) >> shift`. `skip` is the skip value, scaled in
    the same way with its own multiplier and shift, or 0. `maximum` is 65535 with `scores`,
    otherwise 255. The control travels with the sums, so layers may follow each other without a gap.
    For a beat in cycle 0::

        cycle 2    max(sum + bias, 0)
        cycle 8    scaled
        cycle 9    clamped to 16 bits
        cycle 10   skip added
        cycle 11   clamped to the maximum

    Parameters
        lanes: channels per beat
        accumulator_bits, bias_bits, multiplier_bits: widths of sum, bias (signed), multiplier
        shifts: the shifts that occur
        skip_shifts: the shifts of skip values that occur; without any there is no skip
        form: of the multipliers, see `Scale`
    Members
        i.valid, i.sums: in, a beat
        i.parameters: in, bias and multiplier per lane
        i.shift: in, an index into `shifts`
        i.scores: in, the values are classifier outputs of 16 bits
        i.skip, i.skips: in (with `skip_shifts` only), see `SkipControl`, and 8 bits per lane
        o: out, `valid`, `values` of 16 bits
    Latency
        `LATENCY` cycles
    Throughput
        one beat a cycle
    """

    LATENCY = Scale.LATENCY + 5

    def __init__(
        self,
        lanes: int,
        *,
        accumulator_bits: int,
        bias_bits: int,
        multiplier_bits: int,
        shifts: tuple[int, ...],
        skip_shifts: tuple[int, ...] = (),
        form: Form = Form.PLAIN,
    ):
        self.lanes = lanes
        self.value_bits = max(accumulator_bits, bias_bits)
        self.multiplier_bits = multiplier_bits
        self.shifts = shifts
        self.skip_shifts = skip_shifts
        self.form = form
        members = {
            "valid": Out(1),
            "sums": Out(ArrayLayout(signed(accumulator_bits), lanes)),
            "parameters": Out(ParameterWord(lanes, bias_bits, multiplier_bits)),
            "shift": Out(index_shape(shifts)),
            "scores": Out(1),
        }
        if skip_shifts:
            members["skip"] = Out(SkipControl(skip_shifts))
            members["skips"] = Out(ArrayLayout(8, lanes))
        super().__init__({"i": In(wiring.Signature(members)), "o": Out(values_signature(lanes))})

    def elaborate(self, platform):
        m = Module()
        maximum = delay(m, Mux(self.i.scores, 65535, 255), self.LATENCY - 1)
        for lane in range(self.lanes):
            scaled = delay(m, _sixteen_bits(self._scaled(m, lane)), 1)
            total = delay(m, scaled + self._skip(m, lane), 1)
            clamped = Mux(total > maximum, maximum, total)
            m.d.comb += self.o.values[lane].eq(delay(m, clamped, 1))
        m.d.comb += self.o.valid.eq(delay(m, self.i.valid, self.LATENCY, reset_less=False))
        return m

    def _scaled(self, m, lane):
        """Bias, ReLU and scale."""
        parameters = self.i.parameters[lane]
        biased = delay(m, self.i.sums[lane] + parameters.bias, 1)
        x = Signal(self.value_bits, reset_less=True)
        m.d.sync += x.eq(Mux(biased < 0, 0, biased))
        m.submodules[f"scale{lane}"] = scale = Scale(
            self.value_bits, self.multiplier_bits, self.shifts, form=self.form
        )
        m.d.comb += [
            scale.x.eq(x),
            scale.multiplier.eq(delay(m, parameters.multiplier, 2)),
            scale.shift.eq(delay(m, self.i.shift, 2)),
        ]
        return scale.y

    def _skip(self, m, lane):
        """The scaled skip value, aligned with `_scaled` one cycle later."""
        if not self.skip_shifts:
            return 0
        m.submodules[f"skip{lane}"] = scale = Scale(8, 8, self.skip_shifts, form=self.form)
        m.d.comb += [
            scale.x.eq(Mux(self.i.skip.enable, self.i.skips[lane], 0)),
            scale.multiplier.eq(self.i.skip.multiplier),
            scale.shift.eq(self.i.skip.shift),
        ]
        return delay(m, scale.y, 3)


def _sixteen_bits(value):
    """`min(value, 65535)`: no maximum is greater, so the adder behind needs only 17 bits."""
    return Mux(value[16:].any(), 65535, value[:16])
