"""Files that are written whole or not at all."""

import os
import tempfile
from pathlib import Path

from ..errors import FirelineError


def write_whole(path: str | Path, data: bytes, what: str) -> None:
    """Writes the file beside its place and then moves it there, so that no half of it is ever seen.

    Raises FirelineError, which calls the file ``what``, when it cannot be written.
    """
    path, temporary = Path(path), None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
        temporary.chmod(0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise FirelineError(
            f"{what} {path}: {error.strerror}; choose another place to write to"
        ) from error
    finally:
        if temporary:
            temporary.unlink(missing_ok=True)
