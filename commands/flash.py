"""fireline flash: load a bitstream onto its board."""

import click

from .common import TOOLS, Output, command
from .options.paths import INPUT


@command
@click.argument("folder", metavar="DIR", type=INPUT)
@click.option("--permanent", is_flag=True, help="Into the flash memory: it survives power-off.")
@click.option("--force", is_flag=True, help="Load a design that misses its clock.")
@TOOLS
def flash(output: Output, folder, permanent, force, tools):
    """Load a build onto its board.

    DIR is the folder that `fireline build` wrote. The command runs openFPGALoader. It refuses a
    design that misses its clock, because the board may compute wrong scores. Without
    --permanent the board forgets the design at power-off.

    \b
    Example:
      fireline flash build/ulx3s-25f
    """
    from ..host.bitstream.flash import flash as load
    from ..host.tools import Tools

    toolbox = Tools(tools, output.say)
    summary = load(folder, permanent=permanent, force=force, tools=toolbox, show=output.say)
    output.result({"board": summary.board, "bitstream": f"{folder}/{summary.bitstream}"})
