"""Files that are written whole or not at all, and whether a place takes them."""

import os
import stat
import tempfile
from collections.abc import Iterable
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


def check_file_place(path: str | Path, what: str) -> None:
    """Raises FirelineError if a file cannot be written at ``path``: before minutes of work.

    Nothing is changed, and what is no regular file is not opened.
    """
    path = Path(path)
    try:
        if _descriptor(path) is not None:
            return
        if path.is_dir():  # or OSError for a name that is too long
            raise FirelineError(f"{what} {path}: is a folder; name a file")
        if path.exists() and not path.is_file():
            if not os.access(path, os.W_OK):
                raise FirelineError(f"{what} {path}: cannot be written; choose another place")
            return
        real = Path(os.path.realpath(path))
        if not real.parent.exists():
            raise FirelineError(f"{what} {path}: its folder does not exist; choose another place")
        _try(real.parent)
    except OSError as error:
        raise FirelineError(f"{what} {path}: {error.strerror}; choose another place") from error


def check_folder_place(folder: str | Path, names: Iterable[str], what: str) -> None:
    """Raises FirelineError if files of these names cannot be written into ``folder``.

    The folder, and those above it, need not exist yet. Nothing is changed.
    """
    folder = Path(folder)
    try:
        if folder.exists():
            if not folder.is_dir():
                raise FirelineError(f"{what} {folder}: is not a folder; name one")
            _try(folder)
            for name in names:
                if (folder / name).is_dir():
                    raise FirelineError(
                        f"{what} {folder / name}: is a folder, but a file of this name is to be "
                        "written; choose another place"
                    )
            return
        if folder.is_symlink():
            raise FirelineError(f"{what} {folder}: is a link that leads nowhere; remove it")
        above = next(each for each in folder.absolute().parents if each.exists())
        if not above.is_dir():
            raise FirelineError(f"{what} {folder}: {above} is not a folder; choose another place")
        _try(above)
        for part in folder.absolute().relative_to(above).parts:
            (above / part).exists()  # OSError for a name that is too long
    except OSError as error:
        raise FirelineError(f"{what} {folder}: {error.strerror}; choose another place") from error


def _try(folder: Path) -> None:
    """Makes a file without a name in a folder; it is gone at once."""
    with tempfile.TemporaryFile(dir=folder):
        pass


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
