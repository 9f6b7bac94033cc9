"""Picture files as arguments, and the names of the classes that they get."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from .paths import INPUT

if TYPE_CHECKING:
    import numpy as np

    from ...host.data.dataset import Reading
    from ...host.network.architecture import Architecture
    from ...host.network.quantized import QuantizedNetwork
    from ...hw.link.protocol import Identity
    from ..common import Output

PICTURES = click.argument("pictures", metavar="IMAGE...", type=INPUT, nargs=-1, required=True)
STRICT = click.option(
    "--strict",
    is_flag=True,
    help="Refuse pictures that would be changed: of another size, grey for colour, of 16 bits, ...",
)


def load_pictures(
    output: "Output", pictures: Sequence[str], shape: "Architecture | Identity", strict: bool
) -> "np.ndarray":
    """The pixels of picture files, uint8 [N, H, W, C], for an input of that shape.

    Prints a line about each picture that had to be changed. Raises FirelineError as `load_picture`.
    """
    import numpy as np

    from ...host.data.picture import load_picture

    pixels = []
    for picture in pictures:
        loaded, changes = load_picture(picture, shape.height, shape.width, shape.channels, strict)
        pixels.append(loaded)
        if changes:
            output.say(f"{picture}: {'; '.join(map(str, changes))}")
    return np.stack(pixels)


def reading(output: "Output", strict: bool) -> "Reading":
    """How a command reads a data set: it prints the notes."""
    from ...host.data.dataset import Reading

    return Reading(strict, output.say)


def class_name(network: "QuantizedNetwork | None", label: int) -> str:
    """The name of a class, or its number if the network is unknown or its classes have no names."""
    names = network.class_names if network else ()
    return names[label] if names else str(label)
