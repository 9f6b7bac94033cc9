"""Weights whose names are torchvision's, behind any prefix."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...network.architecture import Architecture
from .prefixes import OPTIMIZER, choose
from .stored import StoredTensor
from .wanted import CLASSIFIER, wanted_shapes

FIRST = "features.0.weight"
HEAD = (CLASSIFIER, "classifier.1.bias")


@dataclass(frozen=True, eq=False)
class NamedWeights:
    """A network in a file."""

    prefix: str  # of its names in the file
    batch_norm: bool
    tensors: Mapping[str, StoredTensor]  # by name without the prefix
    notes: tuple[str, ...]

    @property
    def first(self) -> str:
        """The name in the file of the first tensor."""
        return f"{self.prefix}{FIRST}"

    @property
    def classes(self) -> int:
        """The number of classes in the file."""
        return self.tensors[CLASSIFIER].shape[0]


def match_names(
    where: str, tensors: Mapping[str, StoredTensor], architecture: Architecture
) -> NamedWeights | None:
    """The network that has all names and no other, and the shapes; None if there is none.

    The number of classes may differ. Raises FirelineError when there are several networks.
    """
    prefixes = [
        name.removesuffix(FIRST)
        for name in tensors
        if name == FIRST or (name.endswith(f".{FIRST}") and not OPTIMIZER.search(name))
    ]
    found = {}
    for prefix in prefixes:
        others = [other for other in prefixes if other.startswith(prefix) and other != prefix]
        own = {
            name.removeprefix(prefix): tensor
            for name, tensor in tensors.items()
            if name.startswith(prefix)
            and not (name.startswith(tuple(others)) or OPTIMIZER.search(name))
        }
        batch_norm = any(name.endswith(".running_mean") for name in own)
        if _fits(own, wanted_shapes(architecture, batch_norm)):
            found[prefix] = NamedWeights(prefix, batch_norm, own, ())
    if not found:
        return None
    prefix, notes = choose(where, list(found))
    return replace(found[prefix], notes=notes)


def _fits(own: Mapping[str, StoredTensor], shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether names and shapes are equal, any number of classes aside."""
    if own.keys() != shapes.keys():
        return False
    classes = own[CLASSIFIER].shape[:1]
    return all(
        tensor.shape == (classes + shapes[name][1:] if name in HEAD else shapes[name])
        or not (tensor.is_readable or name == CLASSIFIER)  # refused when it is read
        for name, tensor in own.items()
    )
