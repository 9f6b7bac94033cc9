"""From a build's folder onto its board, by openFPGALoader."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from ...errors import FirelineError
from ...hw.boards import find_board
from .summary import SUMMARY, BuildSummary
from .tools import find_tool

ADVICE = {127: "it lacks a library; on Debian: apt install libusb-1.0-0"}
"""What to do about an exit status of openFPGALoader."""


def flash(
    folder: Path, *, permanent: bool = False, show: Callable[[str], None] = print
) -> BuildSummary:
    """Loads a build onto its board, and with ``permanent`` into the board's flash memory.

    ``show`` gets the command line. Raises FirelineError if the folder holds no build, or if
    openFPGALoader is missing or fails.
    """
    folder = Path(folder)
    summary = BuildSummary.read(folder / SUMMARY)
    command = flash_command(folder, permanent=permanent)
    show(" ".join(command))
    try:
        subprocess.run(command, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        status = error.returncode if isinstance(error, subprocess.CalledProcessError) else error
        unknown = "check that the board is plugged in and that you may open its port"
        advice = ADVICE.get(status, unknown) if isinstance(status, int) else unknown
        raise FirelineError(f"openFPGALoader failed ({status}): {advice}") from None
    return summary


def flash_command(folder: Path, *, permanent: bool = False) -> list[str]:
    """The command line that loads a build onto its board."""
    summary = BuildSummary.read(Path(folder) / SUMMARY)
    board = find_board(summary.board)
    where = ["--write-flash"] if permanent else []
    bitstream = str(Path(folder) / summary.bitstream)
    return [find_tool("openFPGALoader"), "--board", board.flash_name, *where, bitstream]
