"""What to say about weights that do not fit the network."""

from collections.abc import Mapping
from itertools import zip_longest

from ....errors import FirelineError
from ...network.architecture import Architecture
from ...network.lookup import is_family, known_architectures
from .by_name import match_names
from .by_order import match_order
from .contents import Contents
from .prefixes import OPTIMIZER
from .stored import StoredTensor
from .wanted import wanted_shapes

Row = tuple[str, str, str, str]
"""Name and shape in the file, name and shape wanted; empty where there is none."""


class NamesDiffer(FirelineError):
    """Neither names nor shapes fit; ``rows`` are the differences."""

    def __init__(self, message: str, rows: tuple[Row, ...]) -> None:
        super().__init__(message)
        self.rows = rows


def wrong_classes(where: str, classes: int, architecture: Architecture) -> FirelineError:
    """The error for a file of the same network with another number of classes."""
    name = architecture.name
    advice = f"set classes = {classes} in a TOML file that describes the network"
    if is_family(name):
        advice = (
            f'write a TOML file with the lines family = "{name}", size = {architecture.height}, '
            f"classes = {classes}, and name it with --arch"
        )
    return FirelineError(
        f"{where}: has {classes} classes, but {name} has {architecture.classes}; {advice}"
    )


def mismatch(where: str, contents: Contents, architecture: Architecture) -> FirelineError:
    """The error for a file that fits neither by names nor by shapes and order."""
    for known in known_architectures():
        if known.channels == architecture.channels and _fits(where, contents, known):
            return FirelineError(
                f"{where}: holds a {known.name}, not a {architecture.name}; use --arch "
                f"{known.name}{_in_toml(known.name)}"
            )
    found = _without_prefix(contents.tensors)
    shapes = wanted_shapes(architecture, any(name.endswith(".running_mean") for name in found))
    wanted = {name: "x".join(map(str, shape)) for name, shape in shapes.items()}
    rows = _differences(found, wanted)
    return NamesDiffer(
        f"{where}: does not fit network {architecture.name}: {_first_difference(rows)}; use "
        "weights of this network, or a TOML file that describes theirs; if only the names differ, "
        "export it to ONNX, which needs no names",
        rows,
    )


def _in_toml(name: str) -> str:
    """How a TOML file names a family."""
    return f', or family = "{name}" in a TOML file' if is_family(name) else ""


def _fits(where: str, contents: Contents, known: Architecture) -> bool:
    try:
        return bool(
            match_names(where, contents.tensors, known)
            or match_order(where, contents.tensors, contents.ordered, known)
        )
    except FirelineError:  # several networks
        return False


def _without_prefix(tensors: Mapping[str, StoredTensor]) -> dict[str, str]:
    """Shapes, as text, by names without their common beginning; an optimizer's are left out."""
    names = [name for name in tensors if not OPTIMIZER.search(name)] or list(tensors)
    paths = [name.split(".") for name in names]
    shared = 0
    while all(len(path) > shared + 1 and path[shared] == paths[0][shared] for path in paths):
        shared += 1
    return {
        ".".join(path[shared:]): str(tensors[name]) for name, path in zip(names, paths, strict=True)
    }


def _differences(found: Mapping[str, str], wanted: Mapping[str, str]) -> tuple[Row, ...]:
    """Tensors with the right name and another shape, then those with other names."""
    shapes = [
        (*_shown(name, found[name]), *_shown(name, shape))
        for name, shape in wanted.items()
        if name in found and found[name] != shape
    ]
    unexpected = [_shown(name, shape) for name, shape in found.items() if name not in wanted]
    missing = [_shown(name, shape) for name, shape in wanted.items() if name not in found]
    pairs = zip_longest(unexpected, missing, fillvalue=("", ""))
    return (*shapes, *((*left, *right) for left, right in pairs))


def _shown(name: str, shape: str) -> tuple[str, str]:
    """A name, printable and not too long, and its shape."""
    text = repr(name)[1:-1]
    return text if len(text) <= 60 else f"{text[:57]}...", shape


def _first_difference(rows: tuple[Row, ...]) -> str:
    if not rows:
        return "its names are repeated"
    name, shape, wanted, wanted_shape = rows[0]
    more = f" (and {len(rows) - 1} more differences)" if len(rows) > 1 else ""
    if not name:
        return f"{wanted} ({wanted_shape}) is missing{more}"
    if not wanted:
        return f"{name} ({shape}) is unexpected{more}"
    return f"{name} ({shape}) stands where {wanted} ({wanted_shape}) is wanted{more}"
