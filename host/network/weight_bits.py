"""The number of bits of each layer's weights."""

import fnmatch
from collections.abc import Mapping
from pathlib import Path

from ...errors import FirelineError
from ..reading import read_json, read_toml
from .architecture import Architecture


def layer_bits(architecture: Architecture, bits: Mapping[str, int] | int) -> dict[str, int]:
    """Bits, 4 or 8, of every convolution by name.

    ``bits`` is 8 for all layers, 4 for all but conv1 (whose few weights keep 8), or a table of
    layer names or patterns ("fire*/squeeze"). The last entry that matches a layer applies; a layer
    that none matches has the bits that 4 gives it. Raises FirelineError for other bits or a pattern
    that matches no layer.
    """
    if isinstance(bits, int):
        bits = {"*": bits, "conv1": 8}
    names = [layer.name for layer in architecture.layers() if layer.is_convolution]
    found = {}
    for pattern, value in [("*", 4), ("conv1", 8), *bits.items()]:
        if type(value) is not int or value not in (4, 8):
            raise FirelineError(f"weight bits: {pattern} = {value!r}; use 4 or 8")
        matching = fnmatch.filter(names, pattern)
        if not matching:
            raise FirelineError(
                f"weight bits: no layer has the name {pattern!r}; use {', '.join(names)}"
            )
        found.update(dict.fromkeys(matching, value))
    return found


def read_weight_bits(path: str | Path) -> dict[str, int]:
    """The table in a TOML or JSON file, which ``layer_bits`` takes.

    Raises FirelineError when the file cannot be read or does not hold a table.
    """
    path, what = Path(path), "weight bits"
    if path.suffix not in (".json", ".toml") and not path.exists():
        raise FirelineError(f"weight bits {path}: use 4, 8 or a TOML or JSON file")
    table = read_json(path, what) if path.suffix == ".json" else read_toml(path, what)
    if not isinstance(table, dict):
        raise FirelineError(f"weight bits {path}: not a table; use lines like conv1 = 8")
    return table
