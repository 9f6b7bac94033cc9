"""Pictures as arguments, and the classes that they turn out to be."""

import click

IMAGES = click.argument("images", metavar="IMAGE...", nargs=-1, required=True)
STRICT = click.option("--strict", is_flag=True, help="Refuse images of another size.")


def load_pictures(output, images, shape, strict):
    """The pixels of the images, uint8 [N, H, W, C]; people are told what was done to them."""
    import numpy as np

    from ..host.data.picture import load_picture

    height, width, channels = shape.height, shape.width, shape.channels
    pixels = []
    for image in images:
        loaded, note = load_picture(image, height, width, channels, strict)
        pixels.append(loaded)
        if note:
            output.say(f"{image}: {note}")
    return np.stack(pixels)


def class_name(network, label):
    """A class by name, or by number if it has none."""
    names = network.class_names if network else ()
    return names[label] if names else str(label)
