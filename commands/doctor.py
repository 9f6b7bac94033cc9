"""fireline doctor: what this computer has, and what it lacks for building and loading."""

import click

from .common import TOOLS, Output, command

LOADING = {"openFPGALoader", "board", "JTAG", "serial port", "FPGA"}
"""Checks that building does not need."""


@command
@click.option("--board", metavar="B", help="Also read this board's FPGA through JTAG.")
@TOOLS
def doctor(output: Output, board, tools):
    """Look at what this computer has for a board, and what it lacks.

    Below the table stands what to do about each row that is not good, with lines to copy into a
    shell. Nothing is changed, and no serial port is opened. With --board, openFPGALoader asks the
    FPGA for its identity; the serial port may vanish for that moment. The exit status is 1 if
    something is missing that `fireline build` or `fireline flash` needs.

    \b
    Examples:
      fireline doctor
      fireline doctor --board ulx3s-25f --json doctor.json
    """
    from ..host.doctor.computer import Computer
    from ..host.doctor.examine import examine
    from ..host.tools import Tools
    from ..hw.boards import find_board
    from ..sim.verilator import COMPILERS

    asked = find_board(board) if board else None
    silent = Tools(tools, lambda note: None)  # a row has the note
    checks = examine(Computer(), silent, COMPILERS, asked)
    table = output.table("This computer", "<", "<state", "<found")
    for check in checks:
        table.add_row(check.name, check.state.value, check.found)
    output.show(table)
    shown = set()
    for check in checks:
        if check.advice:
            output.say(f"{check.name}: {check.found}: {check.advice}")
            if check.commands and check.commands not in shown:
                output.say("")
                for line in check.commands:
                    output.say(f"  {line}")
                output.say("")
            shown.add(check.commands)
    stopping = {check.name for check in checks if check.stops}
    ready = not stopping
    if ready:
        output.say("ready to build and to load")
    elif stopping <= LOADING:
        output.say("ready to build, but not yet to load")
    else:
        output.say("not ready yet")
    fields = [
        {
            "name": check.name,
            "state": check.state.value,
            "found": check.found,
            "advice": check.advice,
            "commands": list(check.commands),
        }
        for check in checks
    ]
    output.result({"ready": ready, "checks": fields})
    return int(not ready)
