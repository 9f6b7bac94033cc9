"""Augmentation shifts and mirrors pictures."""

import torch
from fireline.host.training.augment import augment


def gradient(count, size):
    """Pictures whose pixels contain their own row and column."""
    rows, columns = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    return torch.stack([rows, columns], -1).to(torch.uint8).expand(count, -1, -1, -1)


def test_a_picture_has_one_shift_and_half_are_mirrored():
    pixels = augment(gradient(400, 32), torch.Generator().manual_seed(1))
    assert pixels.shape == (400, 32, 32, 2) and pixels.dtype == torch.uint8
    rows, columns = pixels[:, :, 0, 0].int(), pixels[:, 0, :, 1].int()
    assert (pixels[..., 0] == rows[:, :, None]).all()
    assert (pixels[..., 1] == columns[:, None, :]).all()
    inner = slice(4, 27)
    steps = rows.diff(dim=1)[:, inner]
    assert (steps == 1).all()
    mirrored = (columns.diff(dim=1)[:, inner] == -1).all(1)
    assert ((columns.diff(dim=1)[:, inner] == 1).all(1) | mirrored).all()
    assert 150 < mirrored.sum() < 250
    assert set((rows[:, 16] - 16).tolist()) == set(range(-4, 5))


def test_uncovered_border_is_mirrored():
    pixels = augment(gradient(50, 32), torch.Generator().manual_seed(1))
    rows = pixels[:, :, 0, 0].int()
    up = rows[rows[:, 16] == 12]
    assert (up[:, :5] == torch.tensor([4, 3, 2, 1, 0])).all()
    down = rows[rows[:, 16] == 20]
    assert (down[:, -5:] == torch.tensor([31, 30, 29, 28, 27])).all()


def test_same_generator_same_pictures():
    first, again, other = (
        augment(gradient(8, 16), torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert first.equal(again) and not first.equal(other)


def test_tiny_pictures_are_only_mirrored():
    pixels = augment(gradient(20, 5), torch.Generator().manual_seed(1))
    assert (pixels[..., 0] == torch.arange(5)[:, None]).all()
