"""Check sums made and tested in hardware, against zlib's."""

import zlib

from fireline.hw.link.check import CheckAppender, FrameChecker
from hypothesis import given, settings
from hypothesis import strategies as st
from support.streams import run


@settings(max_examples=15, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=12), min_size=1, max_size=3), st.integers(0, 99))
def test_appender_adds_the_crc(frames, seed):
    pieces = [
        {"byte": byte, "last": place == len(frame) - 1}
        for frame in frames
        for place, byte in enumerate(frame)
    ]
    taken = run(CheckAppender(), pieces, 100 + 20 * len(pieces), seed)
    expected = [frame + zlib.crc32(frame).to_bytes(4, "little") for frame in frames]
    assert bytes(piece.byte for piece in taken) == b"".join(expected)
    ends = [place + 1 for place, piece in enumerate(taken) if piece.last]
    assert ends == [len(b"".join(expected[: n + 1])) for n in range(len(expected))]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.binary(max_size=10), st.booleans()), min_size=1, max_size=4),
    st.integers(0, 99),
)
def test_checker_strips_the_crc_and_tells_broken_frames(frames, seed):
    sent, expected = [], []
    for frame, whole in frames:
        line = frame + zlib.crc32(frame, 0 if whole else 1).to_bytes(4, "little")
        sent += [{"byte": byte, "end": 0, "broken": 0} for byte in line]
        sent += [{"byte": 0, "end": 1, "broken": 0}]
        expected += [(byte, 0) for byte in frame] + [("end", not whole)]
    taken = run(FrameChecker(), sent, 100 + 5 * len(sent), seed)
    assert [("end", symbol.broken) if symbol.end else (symbol.byte, 0) for symbol in taken] == (
        expected
    )


@given(st.integers(0, 3), st.booleans())
@settings(max_examples=8, deadline=None)
def test_checker_tells_frames_that_are_too_short_or_cut_off(length, broken):
    line = zlib.crc32(b"").to_bytes(4, "little")[: length if not broken else 4]
    sent = [{"byte": byte, "end": 0, "broken": 0} for byte in line]
    sent += [{"byte": 0, "end": 1, "broken": broken}]
    taken = run(FrameChecker(), sent, 100, 0)
    assert [(symbol.end, symbol.broken) for symbol in taken] == [(1, 1)]
