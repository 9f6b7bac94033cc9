import numpy as np
import torch
from fireline.host.quantization.post_training import input_moments as moments
from fireline.host.quantization.post_training.input_moments import input_moments
from support.networks.post_training import SMALL

LAYER = SMALL.layer("fire2/expand3x3")


def draw_pair(pictures: int = 6) -> torch.Tensor:
    """Inputs of LAYER in float and, about 50 times as great, in integers: bfloat16."""
    generator = torch.Generator().manual_seed(0)
    size = pictures, LAYER.input_channels, LAYER.input_height, LAYER.input_width
    exact = 3 + torch.rand(size, generator=generator)
    rounded = (50 * exact + torch.rand(size, generator=generator)).round()
    return torch.cat([exact, rounded]).bfloat16()


def windows(maps: torch.Tensor) -> np.ndarray:
    """All windows of LAYER, float64 [K, windows]."""
    x = torch.nn.functional.unfold(maps.float(), LAYER.kernel, padding=LAYER.padding)
    return x.transpose(0, 1).flatten(1).double().numpy()


def test_moments_are_those_of_all_windows():
    pair = draw_pair()
    mean_x, mean_y, cross, square = (m.numpy() for m in input_moments(SMALL, LAYER, pair))
    x, y = (windows(half) for half in pair.chunk(2))
    assert np.allclose(mean_x, x.mean(1)) and np.allclose(mean_y, y.mean(1))
    covariances = np.cov(x, y, bias=True)
    assert np.allclose(cross, covariances[: len(x), len(x) :], rtol=1e-4, atol=1e-3)
    assert np.allclose(square, covariances[len(x) :, len(x) :], rtol=1e-4, atol=1e-2)


def test_large_maps_are_sampled(monkeypatch):
    """Sampling one row and one column in two gives nearly the same means."""
    pair = draw_pair(64)
    whole = input_moments(SMALL, LAYER, pair)
    count = 64 * LAYER.output_height * LAYER.output_width
    monkeypatch.setattr(moments, "WINDOWS", count // 4)
    sampled = input_moments(SMALL, LAYER, pair)
    for some, all_of_them in zip(sampled[:2], whole[:2], strict=True):
        assert not torch.equal(some, all_of_them)
        assert torch.allclose(some, all_of_them, rtol=0.1)
