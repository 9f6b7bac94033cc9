"""The range of the classifier's integers: what it covers, and what it cuts off."""

import dataclasses

import numpy as np
import pytest
import torch
from fireline.errors import FirelineError
from fireline.host.quantization.calibrate import Statistics
from fireline.host.quantization.class_range import ClassRange, class_range

MAXIMUM = 65535


def statistics(classes: np.ndarray) -> Statistics:
    """Statistics of a classifier's map [N, classes, pixels]."""
    classes = np.asarray(classes, np.float32)
    logits = torch.from_numpy(classes).mean(2)
    return Statistics({"conv5": classes.ravel()}, {}, {}, {}, logits, float(classes.min()))


def drawn(spread: float, centre: float, classes: int = 5, pixels: int = 9) -> np.ndarray:
    return np.random.default_rng(0).normal(centre, spread, (40, classes, pixels))


def found(classes: np.ndarray, last_relu: bool = False) -> ClassRange:
    return class_range(statistics(classes), "conv5", last_relu, MAXIMUM)


def rounded(classes: np.ndarray, covered: ClassRange) -> np.ndarray:
    """The logits [N, classes] of the integers."""
    scale = covered.greatest / MAXIMUM
    integers = np.round((classes + covered.offset) / scale).clip(0, MAXIMUM)
    return (integers * scale - covered.offset).mean(2)


def test_with_a_last_relu_it_begins_at_zero():
    classes = np.abs(drawn(3.0, 0.0))
    covered = found(classes, last_relu=True)
    assert covered.offset == 0.0
    assert covered.greatest == pytest.approx(1.5 * classes.max(), rel=1e-6)


@pytest.mark.parametrize("centre", [-1e4, -20.0, 0.0, 500.0])
@pytest.mark.parametrize("spread", [0.1, 1.0, 30.0])
@pytest.mark.parametrize(("classes", "pixels"), [(5, 9), (1, 9), (5, 1)])
def test_without_it_covers_every_value_and_as_much_again(centre, spread, classes, pixels):
    values = drawn(spread, centre, classes, pixels)
    covered = found(values)
    low, high = values.min() + covered.offset, values.max() + covered.offset
    wanted = pytest.approx(0.5 * (high - low), rel=1e-2)
    assert low == wanted and covered.greatest - high == wanted


@pytest.mark.parametrize("value", [-7.0, 0.0, 3e5])
def test_equal_values_have_a_range_around_them(value):
    covered = found(np.full((8, 3, 4), value))
    assert covered.greatest == 2.0 and 0.5 <= covered.offset + value <= 1.5


@pytest.mark.parametrize("masked", [-1e4, -1e9, -3e38])
def test_a_class_that_never_wins_does_not_coarsen_the_others(masked):
    classes = drawn(3.0, 0.0)
    classes[:, 2] = masked
    logits, exact = rounded(classes, found(classes)), classes.mean(2)
    others = [0, 1, 3, 4]
    assert np.abs(logits - exact)[:, others].max() < 0.05
    assert (logits.argmax(1) == exact.argmax(1)).all()


def test_few_deep_pixels_stay_if_the_classes_can_be_told_apart():
    """They belong to the logits: without them, their class would win."""
    classes = drawn(1.0, 0.0)
    classes[:, 2] += 4.0
    classes[:, 2, 0] = -500.0
    logits, exact = rounded(classes, found(classes)), classes.mean(2)
    assert np.abs(logits - exact).max() < 0.05 and exact[:, 2].max() < -40


def test_logits_of_any_unit():
    """Great logits, whose rounding changes no class, are not cut off."""
    classes = drawn(3e6, 0.0)
    covered = found(classes)
    assert classes.min() + covered.offset > 0
    assert (rounded(classes, covered).argmax(1) == classes.mean(2).argmax(1)).all()


def test_values_beyond_float32_are_refused():
    classes = drawn(1.0, 0.0)
    classes[:, 2], classes[:, 1] = -1e38, 3e38
    with pytest.raises(FirelineError, match="layer conv5: its values exceed float32"):
        found(classes)


def test_the_distance_grows_with_the_range():
    logits = torch.from_numpy(drawn(3.0, 0.0).mean(2))
    covered = ClassRange(20.0, 40.0)
    assert covered.distance(logits, MAXIMUM) < 0.01
    wider = dataclasses.replace(covered, greatest=4e5)
    assert wider.distance(logits, MAXIMUM) > 0.1
