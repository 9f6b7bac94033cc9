"""The format in which a streamed classifier's weights arrive."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..program import STREAM_BURST_WORDS, STREAM_WORD_BITS, ArrayShape


@dataclass(frozen=True)
class ClassBlock:
    """A class block: `words` weight words as stream words of `STREAM_WORD_BITS` bits.

    Each weight word starts with the exponents of all its lanes, lowest lane lowest, padded with
    zeros to whole stream words. Its nibbles follow, lane by lane. Zeros after the last weight word
    fill the block up to whole bursts of `STREAM_BURST_WORDS`.
    """

    words: int
    array: ArrayShape
    exponent_bits: int

    @property
    def exponent_words(self) -> int:
        """Stream words that hold the exponents of one weight word."""
        return -(-self.array.co * self.exponent_bits // STREAM_WORD_BITS)

    @property
    def stream_words(self) -> int:
        """Stream words of the block."""
        weight_word = self.exponent_words + 4 * self.array.products // STREAM_WORD_BITS
        return -(-self.words * weight_word // STREAM_BURST_WORDS) * STREAM_BURST_WORDS

    def pack(self, weight_words: Sequence[int]) -> bytes:
        """The block as bytes; the low byte of each stream word comes first.

        `weight_words` are `words` integers, each packed by `WeightWord.pack`.
        """
        stream_bytes, nibble_bits = STREAM_WORD_BITS // 8, 4 * self.array.products
        pieces = []
        for word in weight_words:
            exponents, nibbles = word >> nibble_bits, word & (1 << nibble_bits) - 1
            pieces.append(exponents.to_bytes(stream_bytes * self.exponent_words, "little"))
            pieces.append(nibbles.to_bytes(nibble_bits // 8, "little"))
        return b"".join(pieces).ljust(stream_bytes * self.stream_words, b"\0")
