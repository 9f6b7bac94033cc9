from random import Random

import pytest
from fireline.hw.array.weight_word import WeightWord


def test_weight_word():
    word = WeightWord(4, 2, 1)
    assert word.size == 2 * (4 * 4 + 1)
    value = {"nibbles": [[1, 2, 3, 4], [5, 6, 7, 8]], "exponents": [0, 1]}
    assert word.const(value).as_value().value == 0b10_1000_0111_0110_0101_0100_0011_0010_0001
    assert "exponents" not in dict(WeightWord(4, 2, 0))


@pytest.mark.parametrize(("ci", "co", "exponent_bits"), [(4, 2, 0), (8, 4, 1), (16, 32, 3)])
def test_a_packed_word_is_the_constant_of_its_layout(ci, co, exponent_bits):
    layout, random = WeightWord(ci, co, exponent_bits), Random(co)
    nibbles = [[random.randrange(16) for _ in range(ci)] for _ in range(co)]
    exponents = [random.randrange(1 << exponent_bits) for _ in range(co)]
    fields = {"nibbles": nibbles} | ({"exponents": exponents} if exponent_bits else {})
    packed = layout.pack([nibble for lane in nibbles for nibble in lane], exponents)
    assert packed == layout.const(fields).as_value().value


def test_lane_pairs_have_their_parts_of_a_word():
    word, random = WeightWord(4, 6, 2), Random(0)
    nibbles, exponents = [random.randrange(16) for _ in range(24)], [3, 1, 0, 2, 1, 2]
    (first,), (second,), (third,) = word.split([word.pack(nibbles, exponents)])
    assert first == word.pair.pack(nibbles[:8], exponents[:2])
    assert second == word.pair.pack(nibbles[8:16], exponents[2:4])
    assert third == word.pair.pack(nibbles[16:], exponents[4:])
