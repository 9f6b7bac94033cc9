import itertools

import numpy as np
import pytest
from fireline.errors import FirelineError
from fireline.host.network.exponent_groups import exponent_group_index
from fireline.host.quantization.scale_search import activation_scale, weight_scales

SEGMENTS = (18, 5)


def draw_weights(outputs: int = 6, taps: int = 3) -> np.ndarray:
    random = np.random.default_rng(0)
    weights = random.laplace(0.0, 1.0, (outputs, taps, sum(SEGMENTS)))
    return weights * random.uniform(0.1, 1.0, (outputs, 1, 1))


def rounded(weights, fit, unit, bits):
    """The real weights that the integers stand for."""
    step = (
        fit.scale(unit)[:, None, None] * 2.0 ** fit.exponents[:, :, exponent_group_index(SEGMENTS)]
    )
    low, high = (-8, 7) if bits == 4 else (-128, 127)
    codes = np.clip(np.round(weights / step), low, high)
    return codes * step


def noise(weights, fit, unit, bits) -> float:
    return np.square(weights - rounded(weights, fit, unit, bits)).sum() / np.square(weights).sum()


def test_activation_scale_covers_even_values():
    values = np.linspace(0, 2.55, 1000)
    assert activation_scale(values) == pytest.approx(0.01, rel=0.05)


def test_activation_scale_clips_outliers():
    values = np.append(np.linspace(0, 2.55, 100_000), 25.5)
    assert activation_scale(values) == pytest.approx(0.0886, rel=0.03)  # by calculus


def test_activation_scale_of_zeros():
    assert activation_scale(np.zeros(5)) == 1.0


@pytest.mark.parametrize(("bits", "exponent_max"), [(4, 0), (4, 1), (4, 3), (8, 1)])
@pytest.mark.parametrize("unit", [1e-6, 0.02, 3.0])
def test_ranges(bits, exponent_max, unit):
    fit = weight_scales(draw_weights(), np.ones(23), unit, bits, SEGMENTS, exponent_max)
    assert fit.multiplier.dtype == np.uint16 and fit.exponents.dtype == np.uint8
    assert fit.exponents.shape == (6, 3, 3)
    assert fit.exponents.max() == (exponent_max if bits == 4 else 0)
    assert fit.multiplier.min() >= 1 and 100 <= fit.multiplier.max() <= 255
    assert 1 <= fit.shift <= 31


def test_noise_falls_with_bits_and_exponents():
    weights = draw_weights()

    def error(bits, exponent_max):
        fit = weight_scales(weights, np.ones(23), 0.01, bits, SEGMENTS, exponent_max)
        return noise(weights, fit, 0.01, bits)

    assert error(8, 0) < 3e-4 < error(4, 2) < error(4, 1) < error(4, 0) < 4e-2


def test_exponents_are_the_best_of_all():
    weights = draw_weights(outputs=1, taps=1)
    fit = weight_scales(weights, np.ones(23), 0.01, 4, SEGMENTS)
    for exponents in itertools.product((0, 1), repeat=3):
        other = type(fit)(fit.multiplier, fit.shift, np.array([[exponents]], np.uint8))
        assert noise(weights, fit, 0.01, 4) <= noise(weights, other, 0.01, 4)


def test_multipliers_are_near_the_best_of_all():
    weights = draw_weights(outputs=1)
    fit = weight_scales(weights, np.ones(23), 0.01, 4, SEGMENTS, exponent_max=0)
    others = [
        noise(weights, type(fit)(np.array([m], np.uint16), fit.shift, fit.exponents), 0.01, 4)
        for m in range(1, 256)
    ]
    assert noise(weights, fit, 0.01, 4) <= 1.02 * min(others)


def test_importance_weights_the_error():
    weights = draw_weights(outputs=1)
    importance = np.ones(23)
    importance[:2] = 1000.0

    def error(importance):
        fit = weight_scales(weights, importance, 0.01, 4, SEGMENTS)
        return np.square(weights - rounded(weights, fit, 0.01, 4))[:, :, :2].sum()

    assert error(importance) < 0.8 * error(np.ones(23))


def test_more_bits_of_multiplier():
    weights = draw_weights()
    fit = weight_scales(weights, np.ones(23), 0.01, 4, SEGMENTS, multiplier_bits=12)
    assert 1600 <= fit.multiplier.max() <= 4095


def test_silent_channels():
    weights = draw_weights()
    weights[2] = 0.0
    fit = weight_scales(weights, np.ones(23), 0.01, 4, SEGMENTS)
    assert np.all(rounded(weights, fit, 0.01, 4)[2] == 0.0)
    fit = weight_scales(np.zeros_like(weights), np.ones(23), 0.01, 4, SEGMENTS)
    assert fit.multiplier.min() >= 1


@pytest.mark.parametrize(("size", "unit"), [(1.0, 1e32), (1e38, 1.0), (1.0, 1e-35)])
def test_sizes_that_float32_cannot_compute_with(size, unit):
    weights = np.full((2, 1, 16), size, np.float32)
    with pytest.raises(FirelineError, match=r"float32 cannot compute; check the weights and --pre"):
        weight_scales(weights, np.ones(16, np.float32), unit, 4, (16,))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1e-31, 1e-38, 1e-44])
@pytest.mark.parametrize("other", [0, 1, 1e-44])
def test_tiny_weights_are_zeros(size, other):
    """Weight decay leaves such weights in dead channels, and in dead layers."""
    tiny, zero = (np.full((2, 1, 16), value, np.float32) for value in (size, 0))
    tiny[1] = zero[1] = other
    found, expected = (
        weight_scales(weights, np.ones(16, np.float32), 1.0, 4, (16,)).scale(1.0)
        for weights in (tiny, zero)
    )
    assert np.array_equal(found, expected) and np.isfinite(found).all()


@pytest.mark.filterwarnings("error")
def test_small_weights_of_maps_that_grow():
    """Within what float32 computes with, although their ratio is not."""
    weights = np.full((2, 1, 16), 2e-30, np.float32)
    fit = weight_scales(weights, np.ones(16, np.float32), np.float32(1e25), 4, (16,))
    assert fit.shift == 31 and np.isfinite(fit.scale(1e25)).all()
