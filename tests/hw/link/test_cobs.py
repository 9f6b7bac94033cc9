"""Byte stuffing against the `cobs` package, with stalls, noise and truncated packets."""

from cobs import cobs
from fireline.hw.link.cobs import COBSDecoder, COBSEncoder
from hypothesis import given, settings
from hypothesis import strategies as st
from support.streams import run

PACKET = st.lists(st.sampled_from([0, 0, 1, 2, 255]) | st.integers(0, 255), min_size=1, max_size=30)


def packets_of(symbols: list) -> list[tuple[bytes, bool]]:
    """The decoder's symbols as (bytes, broken) of each packet."""
    packets, current = [], []
    for symbol in symbols:
        if symbol.end:
            packets.append((bytes(current), bool(symbol.broken)))
            current = []
        else:
            current.append(symbol.byte)
    return packets


def reference(packet: bytes) -> tuple[bytes, bool]:
    """A stuffed packet as the package decodes it, and whether it is broken (then without bytes)."""
    try:
        return cobs.decode(packet), False
    except cobs.DecodeError:
        return b"", True


@settings(max_examples=25, deadline=None)
@given(packets=st.lists(PACKET, min_size=1, max_size=4), seed=st.integers(0, 99))
def test_encoder_equals_the_package(packets, seed):
    pieces = [
        {"byte": byte, "last": place == len(packet) - 1}
        for packet in packets
        for place, byte in enumerate(packet)
    ]
    taken = run(COBSEncoder(32), pieces, 200 + 10 * len(pieces), seed)
    assert bytes(taken) == b"".join(cobs.encode(bytes(packet)) + b"\0" for packet in packets)


@settings(max_examples=25, deadline=None)
@given(packets=st.lists(PACKET, min_size=1, max_size=4), seed=st.integers(0, 99))
def test_decoder_inverts_the_package(packets, seed):
    line = b"\0".join(cobs.encode(bytes(packet)) for packet in packets) + b"\0"
    symbols = run(COBSDecoder(), list(line), 200 + 4 * len(line), seed)
    assert packets_of(symbols) == [(bytes(packet), False) for packet in packets]


@settings(max_examples=25, deadline=None)
@given(line=st.lists(st.sampled_from([0, 1, 2, 3, 255]), max_size=60), seed=st.integers(0, 99))
def test_decoder_finds_the_same_broken_packets_in_noise(line, seed):
    symbols = run(COBSDecoder(), [*line, 0], 200 + 4 * len(line), seed)
    expected = [reference(packet) for packet in bytes(line).split(b"\0") if packet]
    found = [(b"" if broken else packet, broken) for packet, broken in packets_of(symbols)]
    assert found == expected


def test_decoder_handles_full_blocks():
    packet = bytes(range(1, 255)) * 2 + b"\0tail"
    symbols = run(COBSDecoder(), [*list(cobs.encode(packet)), 0], 3000, 1)
    assert packets_of(symbols) == [(packet, False)]


def test_decoder_finds_the_packet_after_one_that_was_cut_off():
    symbols = run(COBSDecoder(), [5, 1, 2, 0, *cobs.encode(b"\0next"), 0], 200, 1)
    assert packets_of(symbols) == [(b"\1\2", True), (b"\0next", False)]
