"""fireline boards: the boards that Fireline supports."""

from .common import Output, command, number


@command
def boards(output: Output):
    """List the boards.

    The table shows each FPGA's resources, and the array and the core's clock that `fireline build`
    takes unless told otherwise. An 8x8 array makes 64 products in each cycle, of 8 input channels
    for 8 output channels. A block RAM holds 18 kbits.

    \b
    Example:
      fireline boards
    """
    from ..hw.boards import BOARDS

    table = output.table(
        "Boards", "<board", "<FPGA", "LUTs", "multipliers", "block RAMs", "array", "MHz"
    )
    rows = []
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
        rows.append(row)
    output.show(table)
    output.result({"boards": rows})
