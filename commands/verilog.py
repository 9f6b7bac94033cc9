"""fireline verilog: write the core for other designs."""

import click

from .common import ARRAY, HEAD, NET, Output, command
from .options.paths import OutputFolder


def _files() -> tuple[str, ...]:
    from ..host.compiler.manifest import HEAD, MANIFEST, VERILOG

    return VERILOG, MANIFEST, HEAD


@command
@NET
@ARRAY
@HEAD
@click.option(
    "-o",
    "folder",
    metavar="DIR",
    type=OutputFolder(_files),
    required=True,
    help="Folder for the files.",
)
def verilog(output: Output, net, array, head, folder):
    """Write the accelerator as one Verilog file.

    A JSON manifest beside it describes ports, formats, cycles and memories. With --head sdram the
    core has ports for the classifier's weights, which the command writes to another file; the
    classifier's input has as much memory as on a ulx3s-85f.

    \b
    Example:
      fireline verilog cifar10 --array 8x8 -o build/verilog
    """
    from ..host.compiler.head_choice import HeadPlace, compile_for
    from ..host.compiler.manifest import write_verilog
    from ..host.network.lookup import load_network

    compiled = compile_for(load_network(net), array, HeadPlace(head))
    manifest = write_verilog(compiled, folder)
    output.say(
        f"{folder}/{manifest['verilog']}: module {manifest['module']}, {array} array, "
        f"{compiled.timing.cycles:,} cycles a frame; {folder}/manifest.json describes it"
    )
    output.result(manifest)
