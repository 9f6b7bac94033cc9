"""Checks appended and tested in hardware, against zlib's CRC-32."""

import zlib

from fireline.hw.link.check import CheckAppender, PacketChecker
from hypothesis import given, settings
from hypothesis import strategies as st
from support.streams import run


@settings(max_examples=15, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=12), min_size=1, max_size=3), st.integers(0, 99))
def test_appender_adds_the_crc(packets, seed):
    pieces = [
        {"byte": byte, "last": place == len(packet) - 1}
        for packet in packets
        for place, byte in enumerate(packet)
    ]
    taken = run(CheckAppender(), pieces, 100 + 20 * len(pieces), seed)
    expected = [packet + zlib.crc32(packet).to_bytes(4, "little") for packet in packets]
    assert bytes(piece.byte for piece in taken) == b"".join(expected)
    ends = [place + 1 for place, piece in enumerate(taken) if piece.last]
    assert ends == [len(b"".join(expected[: n + 1])) for n in range(len(expected))]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.binary(max_size=10), st.booleans()), min_size=1, max_size=4),
    st.integers(0, 99),
)
def test_checker_removes_the_crc_and_marks_broken_packets(packets, seed):
    sent, expected = [], []
    for packet, whole in packets:
        line = packet + zlib.crc32(packet, 0 if whole else 1).to_bytes(4, "little")
        sent += [{"byte": byte, "end": 0, "broken": 0} for byte in line]
        sent += [{"byte": 0, "end": 1, "broken": 0}]
        expected += [(byte, 0) for byte in packet] + [("end", not whole)]
    taken = run(PacketChecker(), sent, 100 + 5 * len(sent), seed)
    assert [("end", symbol.broken) if symbol.end else (symbol.byte, 0) for symbol in taken] == (
        expected
    )


@given(st.integers(0, 3), st.booleans())
@settings(max_examples=8, deadline=None)
def test_checker_marks_packets_that_are_too_short_or_cut_off(length, broken):
    line = zlib.crc32(b"").to_bytes(4, "little")[: length if not broken else 4]
    sent = [{"byte": byte, "end": 0, "broken": 0} for byte in line]
    sent += [{"byte": 0, "end": 1, "broken": broken}]
    taken = run(PacketChecker(), sent, 100, 0)
    assert [(symbol.end, symbol.broken) for symbol in taken] == [(1, 1)]
