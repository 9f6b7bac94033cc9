import numpy as np
import pytest
import torch
from fireline.host.quantization.post_training import views
from fireline.host.quantization.post_training.views import draw_views, fixed_views


def pictures(side: int) -> torch.Tensor:
    """Pictures whose pixels contain their row, column and picture number."""
    rows, columns = np.mgrid[:side, :side] * (255 / (side - 1))
    pixels = [np.stack([rows, columns, np.full_like(rows, 20 * i)], -1) for i in range(6)]
    return torch.from_numpy(np.stack(pixels).astype(np.uint8))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_views_are_integers_of_a_few_sizes():
    sides = set()
    for seed in range(12):
        x = draw_views(pictures(224), generator(seed))
        assert x.shape[:2] == (6, 3) and x.shape[2] == x.shape[3]
        assert torch.equal(x, x.round()) and x.min() >= 0 and x.max() <= 255
        sides.add(x.shape[2])
    assert sides == set(views.SIDES)


def test_small_pictures_keep_their_size():
    assert draw_views(pictures(32), generator()).shape == (6, 3, 32, 32)


def test_crops_and_mirrors(monkeypatch):
    monkeypatch.setattr(views, "MIXED", 0.0)
    x = torch.cat([draw_views(pictures(32), generator(seed)) for seed in range(10)])
    assert x[:6, 2].amax((1, 2)).tolist() == [20.0 * i for i in range(6)]
    heights = x[:, 0, -1].mean(1) - x[:, 0, 0].mean(1)  # rows that each crop spans
    widths = x[:, 1, :, -1].mean(1) - x[:, 1, :, 0].mean(1)
    assert heights.min() > 0.3 * 255 and heights.std() > 10
    mirrored = (widths < 0).float().mean()
    assert 0.3 < mirrored < 0.7


def test_mixed_pictures(monkeypatch):
    monkeypatch.setattr(views, "MIXED", 1.0)
    x = draw_views(pictures(32), generator())[:, 2, 0, 0]
    between = [(i * 20, (i - 1) % 6 * 20) for i in range(6)]
    assert all(min(pair) <= value <= max(pair) for value, pair in zip(x, between, strict=True))
    assert len(set(x.tolist())) == 6 and x.tolist() != [20.0 * i for i in range(6)]


@pytest.mark.parametrize("seed", [0, 1])
def test_seeds(seed):
    same = torch.equal(*(draw_views(pictures(32), generator(s)) for s in (0, seed)))
    assert same == (seed == 0)


def test_fixed_views():
    x = pictures(224).numpy()
    whole, middle, mirrored, mirrored_middle = np.split(fixed_views(x), 4)
    assert fixed_views(x).dtype == np.uint8 and np.array_equal(whole, x)
    assert np.array_equal(mirrored, whole[:, :, ::-1])
    assert np.array_equal(mirrored_middle, middle[:, :, ::-1])
    rows, columns = middle[0, ..., 0].astype(int), middle[0, ..., 1].astype(int)
    assert abs(rows[0, 0] - 255 / 8) < 2 and abs(rows[-1, 0] - 255 * 7 / 8) < 2
    assert (np.diff(rows, axis=0) >= 0).all() and (rows[:, :1] == rows).all()
    assert np.array_equal(columns, rows.T)
    assert fixed_views(pictures(9).numpy()[:1]).shape == (4, 9, 9, 3)
