"""The command ``fireline``; its sub-commands are in commands/, their work is in host/ and sim/."""

from importlib import metadata

import click

from .commands import (
    bench,
    boards,
    build,
    classify,
    doctor,
    evaluate,
    explore,
    export,
    flash,
    quantize,
    report,
    samples,
    selftest,
    simulate,
    summary,
    train,
    verilog,
)
from .commands.common import FirelineGroup


@click.group(cls=FirelineGroup, invoke_without_command=True)
@click.version_option(metadata.version("fireline"), message="fireline %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Turn a trained SqueezeNet-family network into an FPGA accelerator.

    NET is a quantized network: a .fireline file, or cifar10, the shipped network. ARCH is a network
    architecture: squeezenet1_0, squeezenet1_1 or cifar10 (also with -simple or -complex bypasses),
    or a TOML file.

    \b
    The whole path, on the shipped network:
      fireline samples cifar10 -o samples
      fireline simulate cifar10 samples/cat-0.png --array 8x8
      fireline build cifar10 --board ulx3s-25f -o build/ulx3s
      fireline flash build/ulx3s
      fireline classify samples/cat-0.png --port /dev/ttyUSB0

    Exit status: 0 for success, 1 for a comparison that failed, a clock that is missed or something
    that is missing, 2 for bad input. It is 2 also for an error that nobody foresaw; the line that
    says so names a file with the traceback, which helps if you report it.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for each in (
    summary.summary,
    train.train,
    quantize.quantize,
    evaluate.evaluate,
    export.export,
    samples.samples,
    verilog.verilog,
    simulate.simulate,
    build.build,
    flash.flash,
    selftest.selftest,
    classify.classify,
    report.report,
    bench.bench,
    explore.explore,
    boards.boards,
    doctor.doctor,
):
    main.add_command(each)
