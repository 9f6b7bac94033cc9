"""fireline boards: what is known."""

from .common import Output, command, number


@command
def boards(output: Output):
    """List the boards.

    With what their FPGAs have, and the array and the clock to start from.

    \b
    Example:
      fireline boards
    """
    from ..hw.boards import BOARDS

    table = output.table(
        "Boards", "<board", "<FPGA", "LUTs", "multipliers", "block RAMs", "array", "MHz"
    )
    found = []
    for board in BOARDS.values():
        row = {
            "name": board.name,
            "device": board.device,
            "luts": board.luts,
            "multipliers": board.multipliers,
            "block_rams": board.block_rams,
            "array": str(board.array),
            "clock_mhz": board.clock_mhz,
        }
        table.add_row(*(number(value) for value in row.values()))
        found.append(row)
    output.show(table)
    output.result({"boards": found})
