"""Preprocessing and stages: ranges and the paper's ratios."""

import math

import pytest
from fireline.errors import FirelineError
from fireline.host.network.stage import (
    MAX_POOLS,
    PREPROCESSINGS,
    Bypass,
    Conv1,
    Fire,
    MaxPool,
    Preprocessing,
)


def test_fire_from_ratios():
    fire = Fire.from_ratios(128, share_3x3=0.5, squeeze_ratio=0.125, bypass=Bypass.COMPLEX)
    assert fire == Fire(16, 64, 64, Bypass.COMPLEX)
    assert fire.channels == 128
    assert Fire.from_ratios(100, share_3x3=0.75, squeeze_ratio=0.5) == Fire(50, 25, 75)


@pytest.mark.parametrize(
    "stage", [Conv1(1, 1, 1, 0), Conv1(4096, 7, 16, 6), *MAX_POOLS, Fire(1, 1, 4096)]
)
def test_good_stages(stage):
    stage.check("here")


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        (Conv1(0, 3, 1, 1), "here: conv1's channels is 0; use an integer from 1 to 4096"),
        (Conv1(True, 3, 1, 1), "here: conv1's channels is True; use an integer from 1 to 4096"),
        (Conv1(8, 2, 1, 1), "here: kernel is 2; use 1, 3, 5 or 7"),
        (Conv1(8, 3, 0, 1), "here: stride is 0; use an integer from 1 to 16"),
        (Conv1(8, 3, 1, 3), "here: padding is 3; use an integer from 0 to 2"),
        (MaxPool(4), "here: the max pool's kernel is 4; use an integer from 2 to 3"),
        (MaxPool(True), "here: the max pool's kernel is True; use an integer from 2 to 3"),
        (MaxPool(3, False, 2), "here: the max pool's padding is 2; use an integer from 0 to 1"),
        (MaxPool(3, 1), "here: ceil is 1; use true or false"),
        (MaxPool(2, True, 1), "here: a max pool has padding 1 and ceil; use ceil = false"),
        (Fire(8.0, 8, 8), "here: squeeze is 8.0; use an integer from 1 to 4096"),
        (Fire(8, -1, 8), "here: expand1x1 is -1; use an integer from 1 to 4096"),
        (Fire(8, 8, 4097), "here: expand3x3 is 4097; use an integer from 1 to 4096"),
        (Fire(8, 8, 8, "simple"), "here: bypass is 'simple'; use none, simple or complex"),
    ],
)
def test_bad_stages(stage, message):
    with pytest.raises(FirelineError) as error:
        stage.check("here")
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("pool", "even", "odd"),
    [
        (MaxPool(), ["012", "23"], ["012", "234"]),
        (MaxPool(3, ceil=False), ["012"], ["012", "234"]),
        (MaxPool(2), ["01", "23"], ["01", "23", "4"]),
        (MaxPool(2, ceil=False), ["01", "23"], ["01", "23"]),
        (MaxPool(3, ceil=False, padding=1), ["01", "123"], ["01", "123", "34"]),
        (MaxPool(2, ceil=False, padding=1), ["0", "12", "3"], ["0", "12", "34"]),
    ],
)
def test_windows_of_four_and_five_pixels(pool, even, odd):
    for side, expected in (4, even), (5, odd):
        assert ["".join(map(str, window)) for window in pool.windows(side)] == expected


@pytest.mark.parametrize("pool", MAX_POOLS, ids=str)
def test_each_window_ends_at_a_pixel_of_its_own(pool):
    """So no pixel completes two maxima, and no window is empty."""
    for side in range(2, 40):
        windows = pool.windows(side)
        assert all(windows) and len({window.stop for window in windows}) == len(windows)


def test_good_preprocessing():
    for preprocessing in PREPROCESSINGS.values():
        preprocessing.check("here", 3)
    Preprocessing("grey", 1, (0,), (255,)).check("here", 1)


@pytest.mark.parametrize(
    ("order", "scale", "mean", "std", "reason"),
    [
        ("grey", 1.0, (0.0,) * 3, (1.0,) * 3, "order is 'grey'; use rgb or bgr"),
        ("rgb", 1.0, (0.0,), (1.0,) * 3, "mean is"),
        ("rgb", 1.0, [0.0] * 3, (1.0,) * 3, "mean is"),
        ("rgb", 1.0, (0.0,) * 3, (1.0, 1.0, 0.0), "above zero"),
        ("rgb", -1.0, (0.0,) * 3, (1.0,) * 3, "above zero"),
        ("rgb", math.inf, (0.0,) * 3, (1.0,) * 3, "finite"),
        ("rgb", 1.0, (0.0, 0.0, math.nan), (1.0,) * 3, "finite"),
        ("rgb", "1", (0.0,) * 3, (1.0,) * 3, "finite"),
        ("rgb", 10**400, (0.0,) * 3, (1.0,) * 3, "finite"),
    ],
)
def test_bad_preprocessing(order, scale, mean, std, reason):
    with pytest.raises(FirelineError, match=reason):
        Preprocessing(order, scale, mean, std).check("here", 3)
