"""Files that are written whole or not at all."""

import os
import stat
import tempfile
from pathlib import Path

from ..errors import FirelineError

MOST_LINKS = 40  # that Linux follows


def write_whole(path: str | Path, data: bytes, what: str) -> None:
    """Writes a temporary file beside the file and renames it, so no reader sees half a file.

    A symbolic link stays one, and the file that it leads to is written. What is no regular file,
    such as a device or a FIFO, and what this program has open, such as /dev/stdout, is written into
    as it is.

    Raises FirelineError when the file cannot be written; `what` names it in the message.
    """
    path = Path(path)
    try:
        descriptor = _descriptor(path)
        if descriptor is not None:
            with os.fdopen(os.dup(descriptor), "wb") as file:
                file.write(data)
        elif path.exists() and not path.is_file() and not path.is_dir():
            with path.open("wb") as file:
                file.write(data)
        else:
            _replace(Path(os.path.realpath(path)), data)
    except OSError as error:
        raise FirelineError(
            f"{what} {path}: {error.strerror}; choose another place to write to"
        ) from error


def _descriptor(path: Path) -> int | None:
    """The open file that a path such as /dev/stdout or /dev/fd/3 leads to; None if it is another.

    Opening the path would begin to write at the file's start.
    """
    for _ in range(MOST_LINKS):
        folder = os.path.realpath(path.parent)
        if folder in (f"/proc/{os.getpid()}/fd", "/dev/fd") and path.name.isdigit():
            return int(path.name)
        if not path.is_symlink():
            return None
        path = folder / path.readlink()
    return None


def _replace(path: Path, data: bytes) -> None:
    """Writes a regular file, which keeps its permissions if there is one."""
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
        temporary.chmod(mode)
        os.replace(temporary, path)
    finally:
        if temporary:
            temporary.unlink(missing_ok=True)
