"""All checks, in the order of the table."""

from collections.abc import Mapping
from pathlib import Path

from .check import Check
from .computer import Computer
from .connection import connection_checks
from .software import memory_check, package_checks, python_check, simulation_checks, tool_checks


def examine(
    computer: Computer, verilator: Path | None, compilers: Mapping[str, str]
) -> list[Check]:
    """Everything that building, loading and talking to a board need of this computer.

    `verilator` and `compilers` are what simulations need; see `simulation_checks`.
    """
    return [
        python_check(),
        *package_checks(),
        *tool_checks(),
        *simulation_checks(verilator, compilers),
        memory_check(computer),
        *connection_checks(computer),
    ]
