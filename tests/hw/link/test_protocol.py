"""The encoding of identities, and the kinds of packets."""

from fireline.hw.link import protocol
from fireline.hw.link.protocol import Identity, Kind
from hypothesis import given
from hypothesis import strategies as st


@given(
    network=st.integers(0, 2**32 - 1),
    sides=st.tuples(st.integers(1, 65535), st.integers(1, 65535)),
    channels=st.integers(1, 255),
    classes=st.integers(1, 65535),
    weight_bytes=st.integers(0, 2**32 - 1),
)
def test_identity_survives_encoding(network, sides, channels, classes, weight_bytes):
    identity = Identity(network, *sides, channels, classes, weight_bytes, ci=16, co=32)
    encoded = identity.to_bytes()
    assert len(encoded) == protocol.IDENTITY_BYTES
    assert encoded[0] == protocol.VERSION
    assert Identity.from_bytes(encoded) == identity
    assert identity.frame_bytes == sides[0] * sides[1] * channels


def test_answers_are_their_requests_with_a_bit():
    pairs = {
        Kind.HELLO: Kind.IDENTITY,
        Kind.START: Kind.STARTED,
        Kind.CHUNK: Kind.TAKEN,
        Kind.RESULT: Kind.SCORES,
        Kind.LOAD: Kind.LOADING,
        Kind.MEMORY: Kind.STATE,
        Kind.BROKEN: Kind.BROKEN,
    }
    assert all(request | Kind.ANSWER == answer for request, answer in pairs.items())
