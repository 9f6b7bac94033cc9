"""Weights under any names, matched by the shapes of the convolutions and their order.

torch writes the modules of a network in the order in which it defines them. If the convolutions in
the file have the wanted shapes in the wanted order, there is one way only to match them. A
safetensors file has lost the order; there, convolutions of equal shape must differ in the numbers
in their names alone.

What no file tells is taken as usual: the channels of expand1x1 come before those of expand3x3, and
batch normalisation stands between a convolution and its ReLU.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import torch

from ....errors import FirelineError
from ...network.architecture import Architecture, Layer, LayerKind
from .prefixes import OPTIMIZER, choose
from .stored import StoredTensor

ROLES = ("weight", "bias", "running_mean", "running_var")
"""Last parts of the names of the tensors that convolutions and normalisations have."""
EPSILON = 1e-5
"""What torch's batch normalisation adds to a variance, unless told otherwise."""


@dataclass(frozen=True, eq=False)
class Module:
    """The tensors of a module of the file."""

    name: str
    tensors: Mapping[str, StoredTensor]  # by role

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the weights, or of the mean of a normalisation without weights; else ().

        A linear layer is a convolution with one tap.
        """
        first = self.tensors.get("weight") or self.tensors.get("running_mean")
        shape = first.shape if first else ()
        return (*shape, 1, 1) if len(shape) == 2 else shape

    @property
    def is_convolution(self) -> bool:
        """Whether it has weights for each input channel and tap."""
        return len(self.shape) == 4

    @property
    def is_linear(self) -> bool:
        """Whether it is a linear layer, which a classifier behind the average may be."""
        return "weight" in self.tensors and len(self.tensors["weight"].shape) == 2


@dataclass(frozen=True, eq=False)
class OrderedWeights:
    """A network in a file: its convolutions, each with the normalisation behind it or None."""

    pairs: Sequence[tuple[Module, Module | None]]  # in the architecture's order
    notes: tuple[str, ...]

    @property
    def first(self) -> str:
        """The name in the file of the first module."""
        return self.pairs[0][0].name

    @property
    def classes(self) -> int:
        """The number of classes in the file."""
        return self.pairs[-1][0].shape[0]


def match_order(
    where: str, tensors: Mapping[str, StoredTensor], ordered: bool, architecture: Architecture
) -> OrderedWeights | None:
    """The network whose shapes fit, the number of classes aside; None unless one way fits.

    Raises FirelineError when there are several networks, or when the network of the architecture
    has a last ReLU and that of the file cannot have one.
    """
    wanted = [layer for layer in architecture.layers() if layer.is_convolution]
    tensors = {name: each for name, each in tensors.items() if not OPTIMIZER.search(name)}
    found: dict[str, list[tuple[Module, Module | None]]] = {}
    for prefix in _prefixes(tensors, len(wanted)):
        modules = _modules({k: v for k, v in tensors.items() if k.startswith(prefix)})
        pairs = None if modules is None else _pairs(modules, ordered, wanted)
        if pairs is not None:
            found[prefix] = pairs
    if not found:
        return None
    prefix, notes = choose(where, list(found))
    pairs = found[prefix]
    if pairs[-1][0].is_linear and architecture.last_relu:
        raise FirelineError(
            f"{where}: its classifier is a linear layer, so no ReLU stands between the classifier "
            "and the average; use --no-last-relu, or last_relu = false in the TOML file"
        )
    more = "; folds the batch normalisation in" if any(norm for _, norm in pairs) else ""
    if any(norm is None and "bias" not in conv.tensors for conv, norm in pairs):
        more += "; takes absent biases as zero"
    note = (
        f"{where}: matches the tensors by shape and order, because the names are not "
        f"torchvision's{more}"
    )
    return OrderedWeights(pairs, (*notes, note))


def folded(where: str, conv: Module, norm: Module | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight and bias, float64, of a convolution and the normalisation behind it.

    Raises FirelineError for tensors that are not finite floats or a variance below zero.
    """

    def read(module: Module, role: str, default: float) -> torch.Tensor:
        stored = module.tensors.get(role)
        if stored is None:
            return torch.full(module.shape[:1], default, dtype=torch.float64)
        return stored.read(f"{where}: {module.name}.{role}").double()

    weight, bias = read(conv, "weight", 0).view(conv.shape), read(conv, "bias", 0)
    if norm is None:
        return weight, bias
    variance = read(norm, "running_var", 1)
    check_variance(f"{where}: {norm.name}.running_var", variance)
    factor = read(norm, "weight", 1) / torch.sqrt(variance + EPSILON)
    bias = read(norm, "bias", 0) + (bias - read(norm, "running_mean", 0)) * factor
    return weight * factor.view(-1, 1, 1, 1), bias


def check_variance(where: str, variance: torch.Tensor) -> None:
    """Raises FirelineError, which begins with ``where``, for a variance below zero."""
    if variance.min() < 0:
        raise FirelineError(f"{where} has a variance below zero; train again")


def _prefixes(tensors: Mapping[str, StoredTensor], convolutions: int) -> list[str]:
    """The shortest prefixes under which as many convolutions lie."""
    counts: dict[str, int] = {}
    for name, tensor in tensors.items():
        if len(tensor.shape) == 4 or (len(tensor.shape) == 2 and name.endswith(".weight")):
            parts = name.split(".")
            for length in range(len(parts)):
                prefix = "".join(f"{part}." for part in parts[:length])
                counts[prefix] = counts.get(prefix, 0) + 1
    found = [prefix for prefix, count in counts.items() if count == convolutions]
    return [
        prefix
        for prefix in found
        if not any(prefix.startswith(other) and prefix != other for other in found)
    ]


def _modules(tensors: Mapping[str, StoredTensor]) -> list[Module] | None:
    """Convolutions and normalisations in the file's order; None if there is anything else.

    Tensors whose names have one part, such as the best accuracy, belong to no module.
    """
    modules: dict[str, dict[str, StoredTensor]] = {}
    for name, tensor in tensors.items():
        module, dot, role = name.rpartition(".")
        if dot and role not in ROLES:
            return None
        if dot:
            modules.setdefault(module, {})[role] = tensor
    found = [Module(name, own) for name, own in modules.items()]
    return found if all(_is_sound(module) for module in found) else None


def _is_sound(module: Module) -> bool:
    """Whether the tensors are those of a convolution or a normalisation, by their shapes."""
    own = module.tensors
    if module.is_convolution:
        bias = own.get("bias")
        return own.keys() <= {"weight", "bias"} and (bias is None or bias.shape == module.shape[:1])
    shapes = {tensor.shape for tensor in own.values()}
    return own.keys() >= {"running_mean", "running_var"} and len(shapes.pop()) == 1 and not shapes


def _pairs(
    modules: list[Module], ordered: bool, wanted: list[Layer]
) -> list[tuple[Module, Module | None]] | None:
    """The convolutions of the wanted layers, with their normalisations; None unless they fit."""
    if ordered:
        pairs = _normalised(modules)
    elif all(module.is_convolution for module in modules):
        pairs = [(module, None) for module in _arranged(modules, wanted)]
    else:
        pairs = _normalised(sorted(modules, key=lambda module: _natural(module.name)))
    if pairs is None or len(pairs) != len(wanted):
        return None
    fits = all(_fits(conv, layer) for (conv, _), layer in zip(pairs, wanted, strict=True))
    return pairs if fits and _in_order([conv for conv, _ in pairs], ordered) else None


def _normalised(modules: list[Module]) -> list[tuple[Module, Module | None]] | None:
    """Each convolution with the normalisation behind it; None unless it is clear which that is.

    Either one follows each convolution, or as many follow several in the same order.
    """
    pairs: list[tuple[Module, Module | None]] = []
    rest = modules
    while rest:
        convs = _first(rest, True)
        norms = _first(rest[len(convs) :], False)
        if len(norms) > len(convs):
            return None
        rest = rest[len(convs) + len(norms) :]
        if len(norms) == 1:
            fitting = [conv for conv in convs if conv.shape[0] == norms[0].shape[0]]
            if fitting != convs[-1:]:
                return None
            own: list[Module | None] = [None] * (len(convs) - 1) + [*norms]
        elif norms and len(norms) < len(convs):
            return None
        else:
            own = [*norms] if norms else [None] * len(convs)
        pairs += zip(convs, own, strict=True)
    return pairs if all(_follows(conv, norm) for conv, norm in pairs) else None


def _first(modules: list[Module], convolutions: bool) -> list[Module]:
    """The modules of one sort with which a list begins."""
    return list(takewhile(lambda module: module.is_convolution == convolutions, modules))


def _follows(conv: Module, norm: Module | None) -> bool:
    """Whether a normalisation may stand right behind a convolution.

    In a Sequential, whose modules are numbered, another number than the next means that something
    stands between them, such as the ReLU.
    """
    if norm is None:
        return True
    (parent, _, number), (other, _, next_number) = (
        module.name.rpartition(".") for module in (conv, norm)
    )
    numbered = parent == other and number.isdecimal() and next_number.isdecimal()
    adjacent = not numbered or int(next_number) == int(number) + 1
    return conv.shape[:1] == norm.shape[:1] and adjacent


def _arranged(convs: list[Module], wanted: list[Layer]) -> Iterator[Module]:
    """The convolutions in the order of the layers, those of equal shape in that of their names."""
    left = sorted(convs, key=lambda module: _natural(module.name))
    for layer in wanted:
        for conv in left:
            if _fits(conv, layer):
                left.remove(conv)
                yield conv
                break


def _in_order(convs: list[Module], ordered: bool) -> bool:
    """Whether the names agree with the order of convolutions of equal shape.

    In an ordered file, names that differ in numbers alone must not count backwards; in another,
    all names must be such and count forwards.
    """
    last: dict[tuple[int, ...], str] = {}
    for conv in convs:
        before = last.get(conv.shape)
        last[conv.shape] = conv.name
        if before is None:
            continue
        comparable = re.sub("[0-9]+", "0", before) == re.sub("[0-9]+", "0", conv.name)
        if (comparable and _natural(before) > _natural(conv.name)) or not (comparable or ordered):
            return False
    return True


def _natural(name: str) -> list[tuple[str, int]]:
    """A key that sorts the numbers in names by their values."""
    return [(text, int(number or 0)) for text, number in re.findall(r"([^0-9]*)([0-9]*)", name)]


def _fits(conv: Module, layer: Layer) -> bool:
    """Whether a convolution has a layer's shape; the classifier may have any number of classes."""
    inputs = (layer.input_channels, layer.kernel, layer.kernel)
    if layer.kind is LayerKind.CLASSIFIER:
        return conv.shape[1:] == inputs
    return conv.shape == (layer.output_channels, *inputs) and not conv.is_linear
