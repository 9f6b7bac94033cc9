"""SqueezeNet 1.0 and 1.1 as published, and other stacks of Fires."""

import pytest
from fireline.errors import FirelineError
from fireline.host.network.architecture import Bypass, Conv1, Fire, MaxPool
from fireline.host.network.families import family, fire_stack
from hypothesis import given
from hypothesis import strategies as st


def parameters(architecture):
    return sum(layer.parameters for layer in architecture.layers())


def bypasses(architecture):
    fires = [stage for stage in architecture.stages if isinstance(stage, Fire)]
    return [fire.bypass.value for fire in fires]


def test_parameters_and_macs_as_published():
    v1_0, v1_1 = family("squeezenet1_0"), family("squeezenet1_1")
    assert parameters(v1_0) == 1_248_424
    assert parameters(v1_1) == 1_235_496
    assert sum(layer.macs for layer in v1_0.layers()) == 818_924_576
    assert sum(layer.macs for layer in v1_1.layers()) == 349_151_936


def test_1_1_in_full():
    assert family("squeezenet1_1").stages == (
        Conv1(64, 3, 2, 0),
        MaxPool(),
        Fire(16, 64, 64),
        Fire(16, 64, 64),
        MaxPool(),
        Fire(32, 128, 128),
        Fire(32, 128, 128),
        MaxPool(),
        Fire(48, 192, 192),
        Fire(48, 192, 192),
        Fire(64, 256, 256),
        Fire(64, 256, 256),
    )


@pytest.mark.parametrize("name", ["squeezenet1_0", "squeezenet1_1"])
def test_bypasses_are_placed_as_in_the_paper(name):
    assert bypasses(family(name)) == ["none"] * 8
    assert bypasses(family(name, Bypass.SIMPLE)) == ["none", "simple"] * 4
    assert bypasses(family(name, Bypass.COMPLEX)) == ["complex", "simple"] * 4


def test_metaparameters():
    network = fire_stack(
        "x", Conv1(8, 3, 1, 1), (2,), fires=3, base_e=16, incr_e=8, freq=1, pct_3x3=0.25, size=32
    )
    assert network.stages == (
        Conv1(8, 3, 1, 1),
        Fire(2, 12, 4),
        MaxPool(),
        Fire(3, 18, 6),
        Fire(4, 24, 8),
    )


@given(size=st.integers(-1, 2000), classes=st.integers(-1, 5000))
def test_any_size_is_accepted_or_refused_in_one_line(size, classes):
    try:
        assert family("squeezenet1_0", size=size, classes=classes).height == size
    except FirelineError as error:
        assert "\n" not in str(error)
