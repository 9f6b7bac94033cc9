"""All checks, in the order of the table."""

from collections.abc import Mapping

from ...hw.boards.board import Board
from ..tools import Tools
from .check import Check, State
from .computer import Computer
from .connection import connection_checks
from .jtag import jtag_check
from .software import memory_check, package_checks, python_check, simulation_checks, tool_checks


def examine(
    computer: Computer,
    tools: Tools,
    compilers: Mapping[str, str],
    board: Board | None = None,
) -> list[Check]:
    """Everything that building, loading and talking to a board need of this computer.

    `compilers` are programs that simulations need; see `simulation_checks`. The FPGA of `board` is
    asked for its identity if nothing stands in the way.
    """
    checks = [
        python_check(),
        *package_checks(),
        *tool_checks(tools),
        *simulation_checks(tools, compilers),
        memory_check(computer),
        *connection_checks(computer),
    ]
    if board and any(check.stops for check in checks):
        checks.append(Check("FPGA", State.UNKNOWN, "not asked before the rest is mended"))
    elif board:
        checks.append(jtag_check(board, tools))
    return checks
