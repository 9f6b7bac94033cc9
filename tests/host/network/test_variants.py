"""Variants: changed Fires in the same stack, and the places of bypasses."""

import math

import pytest
from fireline.errors import FirelineError
from fireline.host.network.architecture import Bypass, Conv1, Fire
from fireline.host.network.lookup import resolve
from fireline.host.network.variants import vary
from hypothesis import given
from hypothesis import strategies as st
from support.networks.small import fire, network

CIFAR10 = resolve("cifar10")


def fires(architecture):
    return [stage for stage in architecture.stages if isinstance(stage, Fire)]


def test_no_change_by_default():
    assert vary(CIFAR10) == CIFAR10


def test_a_bypass_is_simple_where_channels_agree():
    simple, complex = (vary(CIFAR10, bypass=Bypass(name)) for name in ("simple", "complex"))
    kinds = [[own.bypass.value for own in fires(each)] for each in (simple, complex)]
    assert kinds[0] == ["none", "simple", "none", "none", "simple", "none"]
    assert kinds[1] == ["complex", "simple", "complex", "complex", "simple", "complex"]
    assert (simple.name, complex.name) == ("cifar10-simple", "cifar10-complex")
    assert vary(complex, bypass=Bypass.NONE).stages == CIFAR10.stages


def test_a_narrower_fire_needs_a_complex_bypass():
    narrowing = network(Conv1(12, 3, 1, 1), fire(4, 4, 4), fire(4, 4, 4))
    assert [each.bypass.value for each in fires(vary(narrowing, bypass=Bypass.COMPLEX))] == [
        "complex",
        "simple",
    ]


def test_ratios_change_the_widths_inside_a_fire_only():
    varied = vary(CIFAR10, squeeze_ratio=0.5, share_3x3=0.25)
    assert varied.name == "cifar10-sr0.5-share0.25"
    assert fires(varied)[0] == Fire(48, 72, 24)
    assert fires(vary(CIFAR10, squeeze_ratio=1))[0] == Fire(96, 48, 48)
    assert fires(vary(CIFAR10, share_3x3=0.75))[0] == Fire(16, 24, 72)


@given(
    st.none() | st.floats(0.125, 1),
    st.none() | st.floats(0.01, 0.99),
    st.none() | st.sampled_from(Bypass),
)
def test_the_papers_design_space_is_buildable_and_as_wide(ratio, share, bypass):
    varied = vary(CIFAR10, ratio, share, bypass)
    for own, original in zip(fires(varied), fires(CIFAR10), strict=True):
        assert own.channels == original.channels
        if ratio is not None:
            assert math.isclose(own.squeeze, ratio * own.channels, abs_tol=0.5)
        if share is not None:
            assert math.isclose(own.expand3x3, share * own.channels, abs_tol=0.5)


@pytest.mark.parametrize(
    ("ratio", "share", "reason"),
    [
        (0.0, None, "squeeze ratio 0.0: use a number above 0"),
        (1.1, None, "squeeze ratio 1.1: use"),
        (math.nan, None, "squeeze ratio nan: use"),
        (None, 1.0, "share of 3x3 filters 1.0: use a number above 0 and below 1"),
        (None, math.nan, "share of 3x3 filters nan"),
        (0.001, None, "squeeze is 0"),
        (None, 0.999, "expand1x1 is 0"),
    ],
)
def test_what_cannot_be_built_is_refused(ratio, share, reason):
    with pytest.raises(FirelineError, match=reason):
        vary(CIFAR10, ratio, share)
