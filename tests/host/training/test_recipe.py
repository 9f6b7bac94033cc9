"""Learning rate and ranges of a recipe."""

import pytest
from fireline.errors import FirelineError
from fireline.host.training.recipe import Recipe


def test_learning_rate():
    recipe = Recipe(learning_rate=0.4, warmup=0.2)
    expected = {0: 0, 0.1: 0.2, 0.2: 0.4, 0.6: 0.2, 1: 0}
    assert {done: recipe.rate(done) for done in expected} == pytest.approx(expected)
    assert Recipe(warmup=0).rate(0) == 0.1


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 0},
        {"batch": 1},
        {"learning_rate": -1},
        {"dropout": 1},
        {"warmup": 2},
        {"optimizer": "lion"},
    ],
)
def test_values_out_of_range(change):
    with pytest.raises(FirelineError, match=f"training: {next(iter(change))} is"):
        Recipe(**change)
