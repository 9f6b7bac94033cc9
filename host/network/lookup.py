"""The network that a user names: an architecture (ARCH) or a quantized network (NET)."""

from collections.abc import Iterator
from pathlib import Path

from ...errors import FirelineError
from .architecture import Architecture
from .families import FAMILIES, family
from .file import ENDING, read_network
from .quantized import QuantizedNetwork
from .shipped import FOLDER, SHIPPED
from .stage import Bypass
from .toml_file import read_toml
from .variants import vary


def resolve(name: str | Path) -> Architecture:
    """The architecture of that name or in that TOML file.

    Names are ``squeezenet1_1``, ``cifar10``, ``squeezenet1_0-simple`` and so on. Raises
    FirelineError when there is none, or the file is not valid.
    """
    text = str(name)
    if text.endswith(".toml"):
        return read_toml(text)
    base, _, bypass = text.partition("-")
    if bypass in ("", "simple", "complex"):
        if base in FAMILIES:
            return family(base, Bypass(bypass or "none"))
        if base in SHIPPED:
            return vary(read_toml(FOLDER / f"{base}.toml"), bypass=Bypass(bypass or "none"))
    raise FirelineError(
        f"unknown network {text!r}; use {', '.join((*FAMILIES, *SHIPPED))} (also with -simple or "
        "-complex) or a file whose name ends in .toml"
    )


def known_architectures() -> Iterator[Architecture]:
    """Every architecture that has a name."""
    for base in (*FAMILIES, *SHIPPED):
        for bypass in Bypass:
            yield resolve(base if bypass is Bypass.NONE else f"{base}-{bypass.value}")


def is_family(name: str) -> bool:
    """Whether the name is that of a family, which says nothing about the number of classes."""
    return name.partition("-")[0] in FAMILIES


def is_network(name: str | Path) -> bool:
    """Whether the name is that of a shipped network or of a file other than TOML."""
    path = Path(name)
    return (
        str(name) in SHIPPED or path.suffix == ENDING or (path.is_file() and path.suffix != ".toml")
    )


def check_network_name(name: str | Path) -> None:
    """Raises FirelineError if a network file of that name would be taken for something else."""
    if Path(name).suffix == ".toml":
        raise FirelineError(f"network {name}: a .toml file has an architecture; name it {ENDING}")
    if str(name) in SHIPPED:
        raise FirelineError(
            f"network {name}: commands that read it would take the shipped network of that name; "
            f"name it {name}{ENDING}"
        )


def load_network(name: str | Path) -> QuantizedNetwork:
    """The shipped network of that name, or the one in that file.

    Raises FirelineError when there is none, or the file is damaged.
    """
    if str(name) in SHIPPED:
        return read_network(FOLDER / f"{name}{ENDING}")
    if not Path(name).exists():
        raise FirelineError(
            f"network {name}: no such file, and no shipped network has this name; "
            f"use {', '.join(SHIPPED)} or a file that `fireline quantize` wrote"
        )
    return read_network(name)
