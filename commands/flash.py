"""fireline flash: a bitstream into its board."""

import click

from .common import Output, command


@command
@click.argument("folder", metavar="DIR")
@click.option("--permanent", is_flag=True, help="Into the flash memory: it outlasts power-off.")
def flash(output: Output, folder, permanent):
    """Load a build onto its board.

    DIR is what `fireline build` made; openFPGALoader does it.

    \b
    Example:
      fireline flash build/ulx3s-25f
    """
    from ..host.bitstream.build import flash as load

    summary = load(folder, permanent=permanent, show=output.say)
    output.result({"board": summary.board, "bitstream": f"{folder}/{summary.bitstream}"})
