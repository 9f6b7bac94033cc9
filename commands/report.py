"""fireline report: show a build as a web page."""

import click

from .common import Output, command
from .options.paths import INPUT, Input
from .options.pictures import STRICT, reading


def _page() -> tuple[str]:
    from ..host.report.page import PAGE

    return (PAGE,)


@command
@click.argument("folder", metavar="DIR", type=Input(_page))
@click.option(
    "--data",
    metavar="DIR",
    type=INPUT,
    help="Labelled pictures for the accuracy.",
)
@STRICT
def report(output: Output, folder, data, strict):
    """Make a web page about a build.

    DIR is a folder that `fireline build` made; the page is DIR/report.html, a single file. It shows
    network, layers, a timeline of the row operations, roofline, timing, resources, floorplan,
    memories and accuracy. The accuracy of the shipped network needs no --data.

    \b
    Examples:
      fireline report build/ulx3s-25f
      fireline report build/mine --data photos --json figures.json
    """
    from ..host.report.page import write_page
    from ..host.report.report import load_report

    with output.progress("pictures") as progress:
        gathered = load_report(folder, data, progress, reading(output, strict))
    page = write_page(gathered, folder)
    summary = gathered.summary
    output.say(
        f"{page}: {summary.array} array on {summary.board}, {summary.clock_mhz:g} MHz, "
        f"{gathered.frames_per_second:,.0f} frames a second"
    )
    output.result({"page": str(page), **gathered.figures()})
