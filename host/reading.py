"""Files that users bring: read within bounds, and checked by type before anything uses them.

Every format that is not another library's own passes here: `read_json` and `read_toml` return
values that are safe to print, to count with and to walk; `typed` gives them the types and ranges
that a class declares.
"""

import json
import math
import os
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ..errors import FirelineError

Kind = TypeVar("Kind")

MOST_JSON = 4 << 20
"""Bytes of a JSON file; the longest that Fireline writes is a floorplan, of a megabyte."""
MOST_TOML = 256 << 10
"""Bytes of a TOML file: a hundred times a long network's."""
MOST_DEPTH = 32
"""Lists and tables inside of each other."""
MOST_INTEGER = (1 << 63) - 1
"""The greatest amount of an integer; it has 19 digits."""

KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def check_file(path: str | Path, what: str, most: int, remedy: str = "check the path") -> None:
    """Raises FirelineError unless ``path`` is a regular file of at most ``most`` bytes.

    A FIFO or a device is refused before it is opened, because reading it may never end. ``what``
    names the file in the message: "weights", "network file". ``remedy`` says what to do.
    """
    try:
        found = os.stat(path)
    except FileNotFoundError as error:
        raise FirelineError(f"{what} {path}: no such file; {remedy}") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        raise FirelineError(f"{what} {path}: {reason(error)}; {remedy}") from error
    for is_kind, name in KINDS:
        if is_kind(found.st_mode):
            raise FirelineError(f"{what} {path}: is {name}; name a regular file")
    if found.st_size > most:
        raise FirelineError(
            f"{what} {path}: has {found.st_size:,} bytes, and at most {most:,} are read; {remedy}"
        )


def read_bytes(path: str | Path, what: str, most: int, remedy: str = "check the path") -> bytes:
    """The content of a file that `check_file` accepts; FirelineError for others."""
    check_file(path, what, most, remedy)
    try:
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise FirelineError(f"{what} {path}: {reason(error)}; {remedy}") from error
    if len(data) > most:  # a file whose size the system does not tell, such as one in /proc
        raise FirelineError(f"{what} {path}: has more than {most:,} bytes; {remedy}")
    return data


def read_text(path: str | Path, what: str, most: int, remedy: str = "check the path") -> str:
    """The text of a file in UTF-8, with or without a byte order mark; else as `read_bytes`."""
    return _decoded(read_bytes(path, what, most, remedy), f"{what} {path}")


def read_json(path: str | Path, what: str, remedy: str = "use a valid JSON file") -> Any:
    """The value in a JSON file. Raises FirelineError as `read_bytes` and `parse_json`."""
    return parse_json(read_bytes(path, what, MOST_JSON, remedy), f"{what} {path}", remedy)


def read_toml(path: str | Path, what: str) -> dict[str, Any]:
    """The table in a TOML file. Raises FirelineError as `read_text` and `parse_json`."""
    text = read_text(path, what, MOST_TOML)
    return _parse(tomllib.loads, text, f"{what} {path}", "TOML", "correct the file")


def read_record(path: str | Path, kind: type[Kind], what: str, remedy: str) -> Kind:
    """The ``kind`` in a JSON file that Fireline wrote. Raises FirelineError as `typed`."""
    return typed(read_json(path, what, remedy), kind, f"{what} {path}", remedy)


def parse_json(data: bytes | str, where: str, remedy: str) -> Any:
    """The value of a JSON text.

    Raises FirelineError, which begins with ``where``, for a text that is not JSON, a key that comes
    twice, numbers that are not finite or beyond 64 bits, text that is not Unicode, and values
    deeper than `MOST_DEPTH`.
    """
    text = data if isinstance(data, str) else _decoded(data, where, remedy)
    return _parse(_loads, text, where, "JSON", remedy)


def typed(value: object, kind: type[Kind], where: str, remedy: str) -> Kind:
    """A parsed value as a ``kind``, a class whose annotations have types and ranges (msgspec).

    Raises FirelineError, which begins with ``where`` and names the field, if it does not fit.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at ")
        field = place.strip("`$.") or "the value"
        raise FirelineError(f"{where}: {field}: {problem}; {remedy}") from error


def reason(error: Exception) -> str:
    """Why a call of the system failed, in a few words."""
    return getattr(error, "strerror", None) or " ".join(str(error).split())


def _decoded(data: bytes, where: str, remedy: str = "save it as UTF-8") -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FirelineError(f"{where}: byte {error.start} is not UTF-8 text; {remedy}") from error


def _parse(parse: Callable[[str], Any], text: str, where: str, language: str, remedy: str) -> Any:
    try:
        value = parse(text)
        _check(value)
    except RecursionError as error:
        raise FirelineError(
            f"{where}: more than {MOST_DEPTH} lists and tables inside of each other; {remedy}"
        ) from error
    except ValueError as error:
        what = " ".join(str(error).split())
        raise FirelineError(f"{where}: not a valid {language} file: {what}; {remedy}") from error
    return value


def _loads(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise ValueError(f"the key {twice!r} comes twice")
    return table


def _check(value: object) -> None:
    """Raises ValueError or RecursionError for a value that `parse_json` refuses."""
    level, depth = [("the file", value)], 0
    while level:
        inner: list[tuple[str, object]] = []
        for place, each in level:
            match each:
                case dict() | list() if depth == MOST_DEPTH:
                    raise RecursionError
                case dict():
                    inner += [("a key", key) for key in each]
                    inner += [(str(key), item) for key, item in each.items()]
                case list():
                    inner += [(f"{place}[{index}]", item) for index, item in enumerate(each)]
                case str():
                    each.encode()  # UnicodeEncodeError for half of a surrogate pair
                case float() if not math.isfinite(each):
                    raise ValueError(f"{place} is {each}, which is no finite number")
                case int() if abs(each) > MOST_INTEGER:
                    raise ValueError(f"{place} is an integer of more than 64 bits")
        level, depth = inner, depth + 1
