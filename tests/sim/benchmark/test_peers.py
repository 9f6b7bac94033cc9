"""The peers' figures, and networks of the same shape as theirs."""

import pytest
from fireline.sim.benchmark.peers import FULL_SIZE_PEERS, PEERS, PROCESSORS, per_multiplier


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.network.name)
def test_our_network_has_the_peers_macs(peer):
    layers = peer.network.layers()
    counted = [layer for layer in layers if not peer.counted or layer.stage_name in peer.counted]
    assert sum(layer.macs for layer in counted) == peer.macs
    assert peer.macs < peer.cycles * peer.multipliers


def test_rates_are_those_published():
    assert [each.frames_per_second for each in PROCESSORS] == [18.6, 4.4]


def test_frames_for_each_multiplier_and_ghz():
    assert per_multiplier(100.0, 50, 500.0) == 4.0
    assert [round(peer.per_multiplier, 2) for peer in FULL_SIZE_PEERS] == [1.63, 2.58]
