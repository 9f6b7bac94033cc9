"""fireline samples: the pictures that are shipped."""

import click

from .common import Output, command


@command
@click.argument("name", metavar="NAME")
@click.option("-o", "folder", metavar="DIR", required=True, help="Where they go.")
def samples(output: Output, name, folder):
    """Copy the pictures that are shipped.

    They belong to the shipped network and come with labels.csv.

    \b
    Example:
      fireline samples cifar10 -o samples
    """
    from ..host.network.shipped import copy_samples

    files = copy_samples(name, folder)
    output.say(f"{len(files)} pictures and labels.csv in {folder}")
    output.result({"folder": folder, "images": [str(file) for file in files]})
