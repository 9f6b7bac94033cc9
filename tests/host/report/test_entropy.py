"""Huffman codes: round trips, shortest streams, and damaged streams."""

import heapq
import math
import zlib

import numpy as np
import pytest
from fireline.errors import FirelineError
from fireline.host.network.lookup import resolve
from fireline.host.network.random_network import random_network
from fireline.host.report.entropy import (
    CHECK,
    LIMIT,
    code_lengths,
    decode,
    decode_conv,
    encode,
    encode_conv,
)
from hypothesis import given, settings
from hypothesis import strategies as st

few = st.lists(st.integers(0, 5), min_size=1, max_size=200)
any_symbols = st.one_of(few, st.binary(min_size=1, max_size=400).map(list))


def stream(symbols: list[int]) -> bytes:
    return encode(np.array(symbols, np.uint8))


def with_check(body: bytes) -> bytes:
    return body + zlib.crc32(body).to_bytes(CHECK, "little")


def huffman_bits(counts: list[int]) -> int:
    """Total bits of codes from Huffman's algorithm, which has no length limit."""
    heap, bits = sorted(counts), 0
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)
        bits += both
        heapq.heappush(heap, both)
    return bits


@given(any_symbols)
def test_round_trip(symbols):
    assert decode(stream(symbols), len(symbols)).tolist() == symbols


@given(any_symbols)
def test_as_short_as_huffman_and_near_shannons_bound(symbols):
    counts = [count for count in np.bincount(symbols).tolist() if count]
    bits = sum(count * math.log2(len(symbols) / count) for count in counts)
    table = 1 + max(symbols) // 2 + 1
    payload = len(stream(symbols)) - table - CHECK
    assert payload == -(-huffman_bits(counts) // 8)
    assert bits <= 8 * payload < bits + len(symbols) + 8


@given(
    st.lists(st.integers(0, 10**9), min_size=2, max_size=256).filter(
        lambda c: sum(map(bool, c)) > 1
    )
)
@settings(deadline=None)
def test_codes_are_limited_and_complete(counts):
    lengths = code_lengths(np.array(counts))
    assert (lengths > 0).tolist() == [count > 0 for count in counts]
    assert lengths.max() <= LIMIT
    assert sum(2.0**-length for length in lengths[lengths > 0]) == 1


def test_a_long_tail_is_limited_at_little_cost():
    fibonacci = [1, 1]
    while len(fibonacci) < 24:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    lengths = code_lengths(np.array(fibonacci))
    assert lengths.max() == LIMIT
    bits = int((lengths * fibonacci).sum())
    assert huffman_bits(fibonacci) < bits < 1.001 * huffman_bits(fibonacci)


def test_a_known_stream():
    # a 0 is "0", a 1 is "10", a 2 is "11": 0 10 11 0 (00)
    assert stream([0, 1, 2, 0]) == with_check(bytes([2, 0x12, 0x20, 0b01011000]))
    assert stream([7] * 1000) == with_check(bytes([7, 0, 0, 0, 0]))
    with pytest.raises(FirelineError, match="not a table of Huffman codes"):
        decode(with_check(bytes([7, 0, 0, 0, 0, 1])), 1000)


@given(any_symbols, st.data())
def test_damage_is_reported(symbols, data):
    whole = bytearray(stream(symbols))
    place = data.draw(st.integers(0, len(whole) - 1))
    cut = bytes(whole[:place])
    whole[place] ^= data.draw(st.integers(1, 255))
    for damaged in (bytes(whole), cut):
        with pytest.raises(FirelineError, match="entropy-coded weights: damaged"):
            decode(damaged, len(symbols))


@given(st.binary(min_size=1, max_size=60), st.integers(0, 300))
def test_any_stream_is_decoded_or_refused(body, count):
    try:
        assert len(decode(with_check(body), count)) == count
    except FirelineError as error:
        assert "\n" not in str(error)


@given(few.filter(lambda symbols: len(set(symbols)) > 1), st.integers(-3, 40).filter(bool))
def test_another_number_of_symbols_is_refused_or_decodes_padding(symbols, more):
    count = max(len(symbols) + more, 0)
    try:
        found = decode(stream(symbols), count).tolist()
    except FirelineError:
        return
    assert found[: len(symbols)] == symbols[:count] and abs(count - len(symbols)) < 8


@pytest.mark.parametrize("bits", [4, 8, {"conv1": 8}])
def test_a_networks_weights(bits):
    network = random_network(resolve("cifar10"), 0, bits)
    for conv in network.convs.values():
        streams = encode_conv(conv)
        codes, exponents = decode_conv(streams, conv)
        assert np.array_equal(codes, conv.codes) and codes.dtype == conv.codes.dtype
        assert np.array_equal(exponents, conv.exponents)
        assert bool(streams[1]) == (conv.bits == 4)
        assert sum(map(len, streams)) < conv.memory_bits / 8 + 150
