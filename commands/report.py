"""The command that shows a build."""

import click

from .common import Output, command


@command
@click.argument("folder", metavar="DIR")
@click.option("--data", metavar="DIR", help="Labelled pictures to measure accuracy on and to show.")
def report(output: Output, folder, data):
    """Make a page about a build, to look at in a browser.

    DIR is what `fireline build` made; the page is DIR/report.html, one file without any other:
    network, layers, the row program as a timeline, roofline, timing, resources, floorplan, memories
    and accuracy. The shipped network brings its pictures along; others are shown with --data.

    \b
    Examples:
      fireline report build/ulx3s-25f
      fireline report build/mine --data photos --json figures.json
    """
    from ..host.report.page import write_page
    from ..host.report.report import load_report

    with output.progress("pictures") as progress:
        gathered = load_report(folder, data, progress)
    page = write_page(gathered, folder)
    summary = gathered.summary
    output.say(
        f"{page}: {summary.array} array on {summary.board}, {summary.clock_mhz:g} MHz, "
        f"{gathered.frames_per_second:,.0f} frames a second"
    )
    output.result({"page": str(page), **gathered.figures()})
