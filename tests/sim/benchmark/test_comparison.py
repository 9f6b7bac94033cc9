"""A peer's work on our arrays."""

import pytest
from fireline.hw.program import ArrayShape
from fireline.sim.benchmark.comparison import compare
from fireline.sim.benchmark.peers import PEERS, Peer
from support.networks.small import TINY


def test_only_what_the_peer_did_is_counted():
    whole = Peer("tiny", "none", 10**6, 8, 8, 1, "", TINY)
    part = Peer("tiny", "none", 10**6, 8, 8, 1, "", TINY, ("fire2/squeeze", "fire2"))
    all_of_it, fire = (compare(peer, 8, ArrayShape(4, 4)) for peer in (whole, part))
    assert all_of_it.cycles == all_of_it.frame.predicted == fire.frame.predicted
    assert fire.cycles < all_of_it.cycles and fire.ratio > all_of_it.ratio
    fire_macs = sum(layer.macs for layer in TINY.layers() if layer.name.startswith("fire2"))
    assert fire.macs == fire_macs < all_of_it.macs
    assert (fire.multipliers, fire.products) == (8, 16)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.network.name)
def test_at_least_three_times_fewer_cycles_than_the_peers(peer):
    comparison = compare(peer, peer.bits, ArrayShape(16, 16))
    assert comparison.multipliers <= peer.multipliers
    assert comparison.macs == peer.macs
    assert comparison.ratio >= 3
