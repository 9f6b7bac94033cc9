"""Packets as the host writes and reads them."""

import zlib

from cobs import cobs
from fireline.host.link.packets import Packet, PacketFinder, decode
from fireline.hw.link.protocol import Kind
from hypothesis import given
from hypothesis import strategies as st

PACKET = st.builds(Packet, st.sampled_from(Kind), st.integers(0, 255), st.binary(max_size=240))


@given(PACKET)
def test_frame_there_and_back(packet):
    line = packet.encode()
    assert line.endswith(b"\0") and b"\0" not in line[:-1]
    assert decode(line[:-1]) == packet


@given(st.lists(PACKET, max_size=5), st.lists(st.integers(1, 50)))
def test_finder_takes_the_line_in_any_pieces(packets, cuts):
    line, finder, found = b"".join(packet.encode() for packet in packets), PacketFinder(), []
    for cut in [*cuts, len(line)]:
        found += finder.feed(line[:cut])
        line = line[cut:]
    assert (found, finder.broken) == (packets, 0)


@given(st.binary(max_size=2000), PACKET)
def test_finder_survives_noise_and_finds_what_follows(noise, packet):
    finder = PacketFinder()
    found = list(finder.feed(noise + b"\0" + packet.encode()))
    assert found[-1] == packet
    assert len(finder.pending) <= 512


@given(PACKET, st.data())
def test_one_flipped_bit_never_passes(packet, draw):
    line = bytearray(packet.encode())
    place = draw.draw(st.integers(0, 8 * len(line) - 1))
    line[place // 8] ^= 1 << place % 8
    assert packet not in list(PacketFinder().feed(bytes(line) + b"\0"))


def test_unknown_kinds_and_short_frames_are_broken():
    stray = bytes((0x33, 1))
    for packet in (stray, b"\x01"):
        line = cobs.encode(packet + zlib.crc32(packet).to_bytes(4, "little"))
        assert decode(line) is None


def test_endless_noise_is_not_kept():
    finder = PacketFinder()
    for _ in range(100):
        assert list(finder.feed(b"\x55" * 1000)) == []
    assert len(finder.pending) <= 512
