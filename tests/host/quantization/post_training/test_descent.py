import itertools

import torch
from fireline.host.quantization.post_training.descent import Grid, descend

EXPONENT_GROUPS = [torch.tensor([0, 3, 4]), torch.tensor([1, 2, 5])]


def draw(rows: int, size: int = 6) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Weights, their scales, and second moments of correlated inputs."""
    generator = torch.Generator().manual_seed(3)
    mix = torch.randn(size, size, dtype=torch.float64, generator=generator)
    weights = torch.randn(rows, size, dtype=torch.float64, generator=generator)
    scales = 0.2 + 0.3 * torch.rand(rows, dtype=torch.float64, generator=generator)
    return weights, scales, mix @ mix.T + 0.1 * torch.eye(size, dtype=torch.float64)


def loss(rounded, wanted, square):
    error = rounded - wanted
    return (error @ square * error).sum(1)


def step_sizes(scales, exponents):
    """The step size of each weight, [rows, 6]."""
    sizes = torch.empty(len(scales), 6, dtype=torch.float64)
    for index, group in enumerate(EXPONENT_GROUPS):
        sizes[:, group] = (scales * 2.0 ** exponents[:, index])[:, None]
    return sizes


def test_the_error_never_grows_and_weights_stay_on_the_grid():
    wanted, scales, square = draw(50)
    exponents = torch.zeros(50, 2, dtype=torch.int64)
    rounded = torch.floor(wanted / scales[:, None] + 0.5).clamp(-8, 7) * scales[:, None]
    grid = Grid(scales, EXPONENT_GROUPS, 1, (-8, 7))
    losses = [loss(rounded, wanted, square)]
    for _ in range(4):
        descend(rounded, exponents, wanted, square, grid)
        losses.append(loss(rounded, wanted, square))
        codes = rounded / step_sizes(scales, exponents)
        assert torch.allclose(codes, codes.round(), atol=1e-9)
        assert codes.min() > -8.001 and codes.max() < 7.001
    assert all((b <= a + 1e-9).all() for a, b in itertools.pairwise(losses))
    assert losses[-1].sum() < 0.8 * losses[0].sum()
    assert exponents.unique().tolist() == [0, 1]


def test_independent_exponent_groups_reach_the_optimum():
    """With uncorrelated inputs, weights become the nearest with their group's best exponent."""
    wanted, scales, _ = draw(20)
    square = torch.diag(torch.arange(1.0, 7.0, dtype=torch.float64))
    rounded, exponents = torch.zeros_like(wanted), torch.zeros(20, 2, dtype=torch.int64)
    descend(rounded, exponents, wanted, square, Grid(scales, EXPONENT_GROUPS, 1, (-8, 7)))
    tries = []
    for chosen in itertools.product((0, 1), repeat=2):
        step = step_sizes(scales, torch.tensor(chosen).expand(20, 2))
        nearest = torch.floor(wanted / step + 0.5).clamp(-8, 7) * step
        tries.append(loss(nearest, wanted, square))
    assert torch.allclose(loss(rounded, wanted, square), torch.stack(tries).amin(0))
