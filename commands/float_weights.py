"""Float weights that a user names, and what to tell about them."""

from typing import TYPE_CHECKING

from .common import Output

if TYPE_CHECKING:
    from ..host.float_network.checkpoint.load import Checkpoint
    from ..host.network.architecture import Architecture

ROWS = 8  # of the table of names


def read_weights(
    output: Output, file: str, architecture: "Architecture", any_classes: bool = False
) -> "Checkpoint":
    """`read_checkpoint`; prints its notes, or the tensors in which file and network differ."""
    from ..host.float_network.checkpoint.load import read_checkpoint
    from ..host.float_network.checkpoint.mismatch import NamesDiffer

    try:
        checkpoint = read_checkpoint(file, architecture, any_classes)
    except NamesDiffer as error:
        table = output.table("", "<in the file", "shape", "<wanted", "shape")
        for row in error.rows[:ROWS]:
            table.add_row(*row)
        output.show(table)
        raise
    for note in checkpoint.notes:
        output.say(note)
    return checkpoint
