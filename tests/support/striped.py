"""Pictures that a tiny network learns to classify within a second."""

import numpy as np
from fireline.host.data.dataset import Dataset, Pictures
from fireline.host.network.architecture import Architecture, Conv1, Fire, MaxPool, Preprocessing
from fireline.host.training.recipe import Recipe

TINY = Architecture(
    "tiny",
    1,
    8,
    8,
    Preprocessing("grey", 1.0, (128.0,), (64.0,)),
    (Conv1(4, 3, 1, 1), MaxPool(), Fire(4, 4, 4)),
    2,
)
RECIPE = Recipe(epochs=4, batch=16, learning_rate=0.05)


def stripes(count, seed):
    """Pictures of horizontal (class 0) and vertical (class 1) stripes with added noise."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 2, count)
    rows = np.where(np.arange(8) % 2, 200, 50)
    across = np.broadcast_to(rows[:, None], (8, 8))
    pixels = np.where(labels[:, None, None], across.T, across) + draw.integers(
        -40, 40, (count, 8, 8)
    )
    return Pictures(pixels.astype(np.uint8)[..., None], labels)


DATA = Dataset(stripes(128, 1), stripes(50, 2), ("across", "down"))
