"""Views of pictures: crops, mirrored and mixed, so that few pictures give much training data."""

import numpy as np
import torch
from torch.nn import functional

AREA = (0.25, 1.0)  # share of the picture that a crop shows
ASPECT = (3 / 4, 4 / 3)  # of a crop
MIXED = 0.3  # share of the batches in which pictures are mixed
SIDES = (160, 192, 224)  # sides of views of pictures of 224 pixels; others in proportion
SMALL = 64  # pixels: smaller pictures keep their size
MIDDLE = 3 / 4  # share of a picture's sides that a fixed view of its middle shows


def draw_views(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """One random view of each picture uint8 [N, H, W, C]: float [N, C, h, w], integers 0..255.

    A view is a random crop, scaled to one size for the whole batch and mirrored with probability
    1/2. In some batches each picture is blended with its neighbour, as in Zhang et al., "mixup:
    Beyond Empirical Risk Minimization", ICLR 2018; the float network's output is the target, so
    that no labels are needed.
    """
    x = pixels.permute(0, 3, 1, 2).float()
    side = SIDES[int(torch.randint(len(SIDES), (), generator=generator))] / SIDES[-1]
    height, width = (s if s < SMALL else round(s * side) for s in x.shape[2:])
    x = torch.cat([_crop(picture[None], height, width, generator) for picture in x])
    if torch.rand((), generator=generator) < MIXED:
        share = torch.rand(len(x), 1, 1, 1, generator=generator)
        x = torch.lerp(x, x.roll(1, 0), share)
    return x.round().clamp(0, 255)


def fixed_views(pixels: np.ndarray) -> np.ndarray:
    """Four views of each picture uint8 [N, H, W, C]: [4 N, H, W, C].

    The views are the whole pictures, their middles scaled to the same size, and the mirror images
    of both. More views give a more exact measurement than the pictures alone.
    """
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    height, width = x.shape[2:]
    top, left = (round(side * (1 - MIDDLE) / 2) for side in (height, width))
    middle = x[:, :, top : height - top, left : width - left].float()
    middle = functional.interpolate(middle, (height, width), mode="bilinear")
    x = torch.cat([x, middle.round().to(torch.uint8)])
    return torch.cat([x, x.flip(3)]).permute(0, 2, 3, 1).numpy()


def _crop(x: torch.Tensor, height: int, width: int, generator: torch.Generator) -> torch.Tensor:
    area, aspect, top, left, mirror = torch.rand(5, generator=generator).tolist()
    area = AREA[0] + (AREA[1] - AREA[0]) * area
    aspect = (ASPECT[0] * (ASPECT[1] / ASPECT[0]) ** aspect) ** 0.5
    rows = max(1, min(round(x.shape[2] * area**0.5 / aspect), x.shape[2]))
    columns = max(1, min(round(x.shape[3] * area**0.5 * aspect), x.shape[3]))
    top, left = round(top * (x.shape[2] - rows)), round(left * (x.shape[3] - columns))
    x = x[:, :, top : top + rows, left : left + columns]
    x = functional.interpolate(x, (height, width), mode="bilinear", antialias=True)
    return x.flip(3) if mirror < 0.5 else x
