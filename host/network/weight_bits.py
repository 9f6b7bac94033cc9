"""How many bits the weights of each layer get."""

import fnmatch
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

from ...errors import FirelineError
from .architecture import Architecture


def layer_bits(architecture: Architecture, bits: Mapping[str, int] | int) -> dict[str, int]:
    """Bits, 4 or 8, of every convolution by name.

    ``bits`` is 8 for all, 4 for all but conv1 (whose few weights keep 8), or a table of layer names
    or patterns ("fire*/squeeze"), of which the last that matches counts; what none matches is as
    with 4. Raises FirelineError for other bits or a pattern that matches no layer.
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
                f"weight bits: no layer is called {pattern!r}; use {', '.join(names)}"
            )
        found.update(dict.fromkeys(matching, value))
    return found


def read_weight_bits(path: str | Path) -> dict[str, int]:
    """The table in a TOML or JSON file, to be given to ``layer_bits``.

    Raises FirelineError when it is missing or not a table.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        table = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise FirelineError(f"weight bits {path}: {error.strerror}; check the path") from error
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise FirelineError(f"weight bits {path}: {reason}; use TOML or JSON") from error
    if not isinstance(table, dict):
        raise FirelineError(f"weight bits {path}: not a table; use lines like conv1 = 8")
    return table
