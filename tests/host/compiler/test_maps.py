from fireline.host.compiler.maps import exponent_group_starts, padded_channels, stage_maps
from fireline.host.network.architecture import Conv1
from hypothesis import given
from hypothesis import strategies as st
from support.networks.small import fire, network


@given(st.integers(1, 70), st.sets(st.integers(1, 69)), st.sampled_from([4, 8, 16]))
def test_words_start_at_breaks_and_hold_every_channel_once(channels, breaks, ci):
    breaks = sorted({0, *(place for place in breaks if place < channels)})
    words = padded_channels(channels, breaks, ci)
    assert words.shape[1] == ci
    assert words[words >= 0].tolist() == list(range(channels))
    assert set(breaks) <= set(words[:, 0].tolist())
    for word in words:
        inside = word[word >= 0]
        assert not set(breaks) & set(inside[1:].tolist())


def test_exponent_groups_start_anew_at_a_segment():
    assert exponent_group_starts((20, 33)) == (0, 16, 20, 36, 52)


def test_maps_that_are_pooled_or_added_share_their_breaks():
    conv1, pool, fire2, fire3 = stage_maps(
        network(Conv1(22, 1, 1, 0), "pool", fire(5, 6, 16, "simple"), fire(5, 6, 16, "complex"))
    )
    assert conv1.breaks == pool.breaks == fire2.breaks == (0, 6, 16)
    assert fire3.breaks == (0, 6)
