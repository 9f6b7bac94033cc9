"""The layouts of the parameter ROM: what each output channel has of its own."""

from collections.abc import Sequence

from amaranth.hdl import signed, unsigned
from amaranth.lib import data


class ChannelParameters(data.StructLayout):
    """The parameters of one output channel: `bias` (signed) and `multiplier` (unsigned)."""

    def __init__(self, bias_bits: int, multiplier_bits: int):
        self._bias_bits = bias_bits
        super().__init__({"bias": signed(bias_bits), "multiplier": unsigned(multiplier_bits)})

    def pack(self, bias: int, multiplier: int) -> int:
        """The parameters as an integer."""
        return multiplier << self._bias_bits | bias & (1 << self._bias_bits) - 1


class ParameterWord(data.ArrayLayout):
    """The parameters of the `lanes` channels of one beat."""

    def __init__(self, lanes: int, bias_bits: int, multiplier_bits: int):
        super().__init__(ChannelParameters(bias_bits, multiplier_bits), lanes)

    def pack(self, channels: Sequence[tuple[int, int]]) -> int:
        """The word as an integer, of a pair (bias, multiplier) per channel; missing ones are 0."""
        channel = self.elem_shape
        return sum(channel.pack(*pair) << n * channel.size for n, pair in enumerate(channels))
