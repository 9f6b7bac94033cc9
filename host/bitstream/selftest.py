"""The bitstream of a board's self-test."""

from pathlib import Path

from ...hw.selftest.plan import SelfTestPlan
from ...hw.selftest.top import SelfTestTop
from ..tools import PIP, Tools
from .build import build
from .steps import Progress
from .summary import BuildSummary


def build_selftest(
    plan: SelfTestPlan,
    folder: Path,
    tools: Tools = PIP,
    progress: Progress = lambda step, line: None,
) -> BuildSummary:
    """Makes the bitstream of a self-test and its summary in ``folder``.

    Raises FirelineError as ``build`` does.
    """
    return build(SelfTestTop(plan), folder, tools=tools, progress=progress)
