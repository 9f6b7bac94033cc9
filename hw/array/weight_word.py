"""The layout of a word of the weight ROM."""

from collections.abc import Sequence

from amaranth.lib import data


class WeightWord(data.StructLayout):
    """The weights of one cycle: `nibbles[lane][channel]`, and `exponents[lane]` if they have bits.

    Parameters
        ci: input channels
        co: array lanes, an even number
        exponent_bits: bits of an exponent; with 0 there is no member `exponents`
    """

    def __init__(self, ci: int, co: int, exponent_bits: int):
        self._ci, self._co, self._exponent_bits = ci, co, exponent_bits
        fields = {"nibbles": data.ArrayLayout(data.ArrayLayout(4, ci), co)}
        if exponent_bits:
            fields["exponents"] = data.ArrayLayout(exponent_bits, co)
        super().__init__(fields)

    def pack(self, nibbles: Sequence[int], exponents: Sequence[int]) -> int:
        """The word as an integer.

        `nibbles` are CO lanes of CI values of 0..15, lane by lane, in a list or in bytes;
        `exponents` are CO values of 0..`2**exponent_bits - 1`.
        """
        digits = bytes(nibbles)[::-1].hex()[1::2]  # one hexadecimal digit per nibble, highest first
        word = int(digits, 16)
        for lane, exponent in enumerate(exponents):
            word |= exponent << 4 * len(nibbles) + lane * self._exponent_bits
        return word

    @property
    def pair(self) -> "WeightWord":
        """The layout of one lane pair's part of a word."""
        return WeightWord(self._ci, 2, self._exponent_bits)

    @property
    def pairs(self) -> int:
        """How many lane pairs a word has."""
        return self._co // 2

    def split(self, words: Sequence[int]) -> list[tuple[int, ...]]:
        """For each lane pair its parts of the `words`, packed by the layout `pair`."""
        nibbles, exponents = 8 * self._ci, 2 * self._exponent_bits
        first = self._co // 2 * nibbles  # bit of the exponents
        return [
            tuple(
                _bits(word, n * nibbles, nibbles)
                | _bits(word, first + n * exponents, exponents) << nibbles
                for word in words
            )
            for n in range(self.pairs)
        ]


def _bits(word: int, first: int, count: int) -> int:
    return word >> first & (1 << count) - 1
