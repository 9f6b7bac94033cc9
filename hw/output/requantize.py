"""Accumulators become activations: bias, ReLU, scale, skip, clamp."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from ..ecp5.mult18x18d import Form
from ..lib.delay import delay
from .scale import Scale, index_shape


class ChannelParameters(data.StructLayout):
    """The parameters of one output channel: `bias` (signed) and `multiplier` (unsigned)."""

    def __init__(self, bias_bits: int, multiplier_bits: int):
        self._bias_bits = bias_bits
        super().__init__({"bias": signed(bias_bits), "multiplier": unsigned(multiplier_bits)})

    def pack(self, bias: int, multiplier: int) -> int:
        """The parameters as an integer."""
        return multiplier << self._bias_bits | bias & (1 << self._bias_bits) - 1


class ParameterWord(ArrayLayout):
    """The parameters of the `lanes` channels of one beat."""

    def __init__(self, lanes: int, bias_bits: int, multiplier_bits: int):
        super().__init__(ChannelParameters(bias_bits, multiplier_bits), lanes)

    def pack(self, channels: Sequence[tuple[int, int]]) -> int:
        """The word as an integer, of a pair (bias, multiplier) per channel; missing ones are 0."""
        channel = self.elem_shape
        return sum(channel.pack(*pair) << n * channel.size for n, pair in enumerate(channels))


class SkipControl(data.StructLayout):
    """Whether and how a skip value is added; `shift` is an index into the skip shifts."""

    def __init__(self, shifts: tuple[int, ...]):
        super().__init__({"enable": 1, "multiplier": unsigned(8), "shift": index_shape(shifts)})


def values_signature(lanes: int) -> wiring.Signature:
    """The values of a beat, sixteen bits each."""
    return wiring.Signature({"valid": Out(1), "values": Out(ArrayLayout(16, lanes))})


class Requantizer(wiring.Component):
    """`min(scale(max(sum + bias, 0)) + skip, maximum)` in every lane.

    `scale(x) = (x * multiplier + (1 << (shift - 1))) >> shift`, and so is `skip` made of the skip
    value, or it is 0. `maximum` is 65535 where `scores`, otherwise 255. All that the layer decides
    travels with the sums, so layers may follow each other without a gap; `shift` is an index into
    `shifts`. Without `skip_shifts` there is no skip, nor are there ports for it.

    Latency `LATENCY` cycles, one group of lanes a cycle. `form`: see `Scale`.
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
        """The skip's contribution, in time for the sum."""
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
    """`value`, or 65535 if that is less: no maximum is greater, so it may be cut there already."""
    return Mux(value[16:].any(), 65535, value[:16])
