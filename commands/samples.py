"""fireline samples: the pictures of the shipped network."""

import click

from .common import Output, command
from .options.paths import OutputFolder


def _files() -> list[str]:
    from ..host.network.shipped import SAMPLES

    return [file.name for folder in SAMPLES.values() for file in folder.iterdir()]


@command
@click.argument("name", metavar="NAME")
@click.option(
    "-o",
    "folder",
    metavar="DIR",
    type=OutputFolder(_files),
    required=True,
    help="The folder to write.",
)
def samples(output: Output, name, folder):
    """Copy the pictures that come with the shipped network.

    The folder also gets labels.csv, which lists the class of each picture.

    \b
    Example:
      fireline samples cifar10 -o samples
    """
    from ..host.network.shipped import copy_samples

    files = copy_samples(name, folder)
    output.say(f"{len(files)} pictures and labels.csv in {folder}")
    output.result({"folder": folder, "images": [str(file) for file in files]})
