"""What a command says of an error that nobody foresaw, and how a user can report it."""

import platform
import shlex
import sys
import tempfile
import traceback
from importlib import metadata

MEMORY = "use a smaller network, fewer pictures or a smaller batch"


def unexpected(error: Exception) -> str:
    """One line about an error; the traceback goes to a new file, which the line names."""
    lines = [
        f"fireline {metadata.version('fireline')}, Python {platform.python_version()}, "
        f"{platform.platform()}\n",
        f"{shlex.join(sys.argv)}\n\n",
        *traceback.format_exception(error),
    ]
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    advice = MEMORY if isinstance(error, MemoryError) else "this is a fault of Fireline"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="fireline-", suffix=".txt", errors="backslashreplace", delete=False
        ) as file:
            file.writelines(lines)
    except OSError:
        return f"unexpected {what}; {advice}"
    return f"unexpected {what}; {advice}: report it with {file.name}"
