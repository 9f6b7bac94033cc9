"""The folder that keeps compiled simulators from one run to the next."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import FirelineError

CACHE = Path("~/.cache/fireline/verilator")
"""The folder, unless the caller names another."""

KEPT = 30
"""Entries that stay; the least recently used ones are removed."""


def digest(parts: Iterable[str]) -> str:
    """A file name, 32 hexadecimal digits, for everything that a compiled program depends on."""
    whole = "".join(hashlib.sha256(part.encode()).hexdigest() for part in parts)
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


def is_kept(entry: Path) -> bool:
    """Whether the cache has the entry; if so, marks it as just used."""
    if entry.is_dir():
        entry.touch()
        return True
    return False


@contextmanager
def scratch(cache: Path) -> Iterator[Path]:
    """Yields a temporary folder inside the cache; afterwards removes the oldest entries.

    Raises FirelineError for an OSError in the cache.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, ignore_cleanup_errors=True) as name:
            yield Path(name)
    except OSError as error:
        raise FirelineError(f"simulator in {cache}: {error.strerror}; free some space") from error
    _prune(cache)


def settle(finished: Path, entry: Path) -> None:
    """Moves a finished folder to its place, unless another process put one there meanwhile."""
    try:
        finished.rename(entry)
    except OSError:
        if not entry.is_dir():
            raise


def _prune(cache: Path) -> None:
    folders = sorted(cache.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in folders[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)
