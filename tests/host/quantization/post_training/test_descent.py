import itertools

import torch
from fireline.host.quantization.post_training.descent import Grid, descend

GROUPS = [torch.tensor([0, 3, 4]), torch.tensor([1, 2, 5])]


def draw(rows: int, size: int = 6) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Weights, scales of theirs, and moments of inputs that depend on each other."""
    generator = torch.Generator().manual_seed(3)
    mix = torch.randn(size, size, dtype=torch.float64, generator=generator)
    weights = torch.randn(rows, size, dtype=torch.float64, generator=generator)
    scales = 0.2 + 0.3 * torch.rand(rows, dtype=torch.float64, generator=generator)
    return weights, scales, mix @ mix.T + 0.1 * torch.eye(size, dtype=torch.float64)


def loss(rounded, wanted, square):
    error = rounded - wanted
    return (error @ square * error).sum(1)


def spread(scales, exponents):
    step = torch.empty(len(scales), 6, dtype=torch.float64)
    for index, group in enumerate(GROUPS):
        step[:, group] = (scales * 2.0 ** exponents[:, index])[:, None]
    return step


def test_it_never_gets_worse_and_stays_on_the_grid():
    wanted, scales, square = draw(50)
    exponents = torch.zeros(50, 2, dtype=torch.int64)
    rounded = torch.floor(wanted / scales[:, None] + 0.5).clamp(-8, 7) * scales[:, None]
    grid = Grid(scales, GROUPS, 1, (-8, 7))
    losses = [loss(rounded, wanted, square)]
    for _ in range(4):
        descend(rounded, exponents, wanted, square, grid)
        losses.append(loss(rounded, wanted, square))
        codes = rounded / spread(scales, exponents)
        assert torch.allclose(codes, codes.round(), atol=1e-9)
        assert codes.min() > -8.001 and codes.max() < 7.001
    assert all((b <= a + 1e-9).all() for a, b in itertools.pairwise(losses))
    assert losses[-1].sum() < 0.8 * losses[0].sum()
    assert exponents.unique().tolist() == [0, 1]


def test_groups_that_do_not_interact_become_the_best_there_is():
    """With uncorrelated inputs each weight is the nearest, in the better exponent of its group."""
    wanted, scales, _ = draw(20)
    square = torch.diag(torch.arange(1.0, 7.0, dtype=torch.float64))
    rounded, exponents = torch.zeros_like(wanted), torch.zeros(20, 2, dtype=torch.int64)
    descend(rounded, exponents, wanted, square, Grid(scales, GROUPS, 1, (-8, 7)))
    tries = []
    for chosen in itertools.product((0, 1), repeat=2):
        step = spread(scales, torch.tensor(chosen).expand(20, 2))
        nearest = torch.floor(wanted / step + 0.5).clamp(-8, 7) * step
        tries.append(loss(nearest, wanted, square))
    assert torch.allclose(loss(rounded, wanted, square), torch.stack(tries).amin(0))
