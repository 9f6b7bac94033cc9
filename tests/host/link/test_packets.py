"""Frames as the host writes and reads them."""

import zlib

from cobs import cobs
from fireline.host.link.packets import Frame, FrameFinder, decode
from fireline.hw.link.protocol import Kind
from hypothesis import given
from hypothesis import strategies as st

FRAME = st.builds(Frame, st.sampled_from(Kind), st.integers(0, 255), st.binary(max_size=240))


@given(FRAME)
def test_frame_there_and_back(frame):
    line = frame.encode()
    assert line.endswith(b"\0") and b"\0" not in line[:-1]
    assert decode(line[:-1]) == frame


@given(st.lists(FRAME, max_size=5), st.lists(st.integers(1, 50)))
def test_finder_takes_the_line_in_any_pieces(frames, cuts):
    line, finder, found = b"".join(frame.encode() for frame in frames), FrameFinder(), []
    for cut in [*cuts, len(line)]:
        found += finder.feed(line[:cut])
        line = line[cut:]
    assert (found, finder.broken) == (frames, 0)


@given(st.binary(max_size=2000), FRAME)
def test_finder_survives_noise_and_finds_what_follows(noise, frame):
    finder = FrameFinder()
    found = list(finder.feed(noise + b"\0" + frame.encode()))
    assert found[-1] == frame
    assert len(finder.pending) <= 512


@given(FRAME, st.data())
def test_one_flipped_bit_never_passes(frame, draw):
    line = bytearray(frame.encode())
    place = draw.draw(st.integers(0, 8 * len(line) - 1))
    line[place // 8] ^= 1 << place % 8
    assert frame not in list(FrameFinder().feed(bytes(line) + b"\0"))


def test_unknown_kinds_and_short_frames_are_broken():
    stray = bytes((0x33, 1))
    for frame in (stray, b"\x01"):
        line = cobs.encode(frame + zlib.crc32(frame).to_bytes(4, "little"))
        assert decode(line) is None


def test_endless_noise_is_not_kept():
    finder = FrameFinder()
    for _ in range(100):
        assert list(finder.feed(b"\x55" * 1000)) == []
    assert len(finder.pending) <= 512
