import torch
from fireline.host.quantization.post_training.feedback_rounding import round_with_feedback


def moments(size: int) -> torch.Tensor:
    """Second moments of correlated inputs."""
    generator = torch.Generator().manual_seed(0)
    mix = torch.randn(size, size, dtype=torch.float64, generator=generator)
    return mix @ mix.T + 0.1 * torch.eye(size, dtype=torch.float64)


def test_feedback_is_better_than_nearest():
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(8, 30, dtype=torch.float64, generator=generator)
    square, step = moments(30), torch.full_like(weight, 0.3)
    found = round_with_feedback(weight, square, step, (-8, 7))
    codes = found / step
    assert torch.allclose(codes, codes.round(), atol=1e-9) and codes.abs().max() < 8.001
    nearest = (weight / step).round().clamp(-8, 7) * step

    def loss(rounded):
        error = rounded - weight
        return torch.einsum("ci,ij,cj->", error, square, error)

    assert loss(found) < 0.6 * loss(nearest)


def test_independent_inputs_are_rounded_to_nearest():
    weight = torch.linspace(-3, 3, 40, dtype=torch.float64).view(2, 20)
    square = torch.eye(20, dtype=torch.float64) * torch.arange(1.0, 21.0)
    found = round_with_feedback(weight, square, torch.full_like(weight, 0.5), (-8, 7))
    assert torch.equal(found, torch.floor(weight / 0.5 + 0.5) * 0.5)
