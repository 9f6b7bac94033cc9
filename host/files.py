"""Files that are written whole or not at all."""

import os
import tempfile
from pathlib import Path

from ..errors import FirelineError


def write_whole(path: str | Path, data: bytes, what: str) -> None:
    """Writes a temporary file in the same folder and renames it, so no reader sees half a file.

    Raises FirelineError when the file cannot be written; `what` names it in the message.
    """
    path = Path(path)
    temporary: Path | None = None
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
