"""Augmentation of training pictures."""

import torch


def augment(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Shifts and mirrors pictures uint8 [N, H, W, C] at random.

    A shift is up to an eighth of the side; the picture's mirrored border fills what it uncovers. A
    picture is mirrored with probability 1/2.
    """
    count, height, width, _ = pixels.shape
    rows = _shifted(count, height, generator)
    columns = _shifted(count, width, generator)
    mirrored = torch.rand(count, 1, generator=generator) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    return pixels[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]


def _shifted(count: int, size: int, generator: torch.Generator) -> torch.Tensor:
    """The source coordinates of each picture's rows or columns, [count, size]."""
    reach = size // 8
    shift = torch.randint(-reach, reach + 1, (count, 1), generator=generator)
    source = (torch.arange(size) + shift).abs()
    return (size - 1) - (size - 1 - source).abs()
