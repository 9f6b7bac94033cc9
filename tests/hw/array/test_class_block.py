from fireline.hw.array.class_block import ClassBlock
from fireline.hw.program import ArrayShape

ARRAY = ArrayShape(4, 4)
WORDS = [0x3_0123456789ABCDEF, 0xF_FEDCBA9876543210]
"""16 nibbles and 4 exponents each."""


def test_each_word_is_exponents_then_nibbles():
    """One bit per exponent: one stream word of them, and four stream words of nibbles."""
    block = ClassBlock(2, ARRAY, 1)
    assert (block.exponent_words, block.stream_words) == (1, 16)
    first = bytes.fromhex("0300" + "efcdab8967452301")
    second = bytes.fromhex("0f00" + "1032547698badcfe")
    assert block.pack(WORDS) == first + second + 12 * b"\0"


def test_without_exponents_there_are_only_nibbles():
    block = ClassBlock(1, ARRAY, 0)
    assert (block.exponent_words, block.stream_words) == (0, 8)
    assert block.pack([0x0123456789ABCDEF]) == bytes.fromhex("efcdab8967452301") + 8 * b"\0"
