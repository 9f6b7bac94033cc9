"""The self-test's results as one HTML page, without scripts or other files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ..report.html import page
from .multipliers import site_states
from .pictures import eye_picture, locks_picture, sites_picture
from .readings import Multipliers, Pll
from .results import RESULTS, Run, conclusion
from .verdict import eye_of

TEMPLATE = Path(__file__).with_name("page_template.html")


def render(board: str, runs: Sequence[Run], simulated: bool = False) -> str:
    """The page as HTML that is also well-formed XML."""
    return page(
        TEMPLATE,
        board=board,
        simulated=simulated,
        conclusion=conclusion(runs),
        results=RESULTS,
        runs=[_shown(run) for run in runs],
    )


def _shown(run: Run) -> dict[str, Any]:
    """What the template shows of a run."""
    plan, reader = run.recording.plan, run.recording.reader
    sites = plan.tested_sites
    states = site_states(sites, reader.of(Multipliers))
    return {
        "title": run.title,
        "findings": run.findings,
        "eye": Markup(eye_picture(eye_of(run.recording))) if plan.has_sdram else None,
        "sites": Markup(sites_picture(plan, sites, states)),
        "locks": Markup(locks_picture(plan, plan.plls, reader.of(Pll))),
        "lines": reader.lines,
        "broken": reader.broken,
        "foreign": reader.foreign,
    }
