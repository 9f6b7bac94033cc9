"""fireline flash: load a bitstream onto its board."""

import click

from .common import Output, command


@command
@click.argument("folder", metavar="DIR")
@click.option("--permanent", is_flag=True, help="Into the flash memory: it survives power-off.")
@click.option("--force", is_flag=True, help="Load a design that misses its clock.")
def flash(output: Output, folder, permanent, force):
    """Load a build onto its board.

    DIR is the folder that `fireline build` wrote. The command runs openFPGALoader. It refuses a
    design that misses its clock, because the board may compute wrong scores.

    \b
    Example:
      fireline flash build/ulx3s-25f
    """
    from ..host.bitstream.flash import flash as load

    summary = load(folder, permanent=permanent, force=force, show=output.say)
    output.result({"board": summary.board, "bitstream": f"{folder}/{summary.bitstream}"})
