"""What a weights file holds beside the network's weights and a user should know of."""

import re
from collections.abc import Iterator, Mapping
from math import prod

import numpy as np

from ...network.architecture import Architecture
from ...network.stage import Preprocessing
from .prefixes import AVERAGED, OPTIMIZER
from .stored import StoredTensor

NORMALISATION = re.compile(r"(^|.*[._])(mean|std)$")
"""Names of what a network subtracts from its pictures and divides them by."""


def left_out(
    where: str, tensors: Mapping[str, StoredTensor], taken: str, architecture: Architecture
) -> tuple[str, ...]:
    """Notes about averaged weights and the pictures' normalisation, which are not read.

    ``taken`` is the name of a tensor or module of the network that is read.
    """
    own = {name: each for name, each in tensors.items() if not OPTIMIZER.search(name)}
    return (*_averaged(where, own, taken), *_normalisations(where, own, architecture))


def _averaged(where: str, tensors: Mapping[str, StoredTensor], taken: str) -> Iterator[str]:
    if AVERAGED.search(taken.lower()):
        return
    for name, tensor in tensors.items():
        if len(tensor.shape) == 4 and AVERAGED.search(name.lower()):
            yield (
                f"{where}: averaged weights such as {name!r} are left out, because their names are "
                "not those of a network; if they are meant, save their state_dict alone"
            )
            return


def _normalisations(
    where: str, tensors: Mapping[str, StoredTensor], architecture: Architecture
) -> Iterator[str]:
    preprocessing = architecture.preprocessing
    for name, tensor in tensors.items():
        found = NORMALISATION.match(name)
        is_one = tensor.is_readable and prod(tensor.shape) in (1, architecture.channels)
        if not found or name.endswith("running_mean") or not is_one:
            continue
        values = tensor.read(f"{where}: {name}").flatten().tolist()
        if not _is_same(values, found.group(2), preprocessing):
            text = ", ".join(f"{value:.6g}" for value in values)
            yield (
                f"{where}: {name!r} ({text}) is not read; if the network normalises its pictures "
                "with it, say the same under preprocessing"
            )


def _is_same(values: list[float], kind: str, preprocessing: Preprocessing) -> bool:
    """Whether the preprocessing has these values, for pixels of any scale."""
    own = np.array(getattr(preprocessing, kind))
    return any(np.allclose(values, own / scale, atol=2e-3) for scale in (1, preprocessing.scale))
