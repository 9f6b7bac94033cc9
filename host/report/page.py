"""The report as one self-contained HTML page, without scripts or other files."""

from pathlib import Path

from markupsafe import Markup

from ..files import write_whole
from ..network.architecture import Layer, LayerKind
from .floorplan_chart import cells_plan, wires_plan
from .html import page
from .report import Report
from .roofline_chart import roofline
from .timeline import ticks, tracks

PAGE = "report.html"
TEMPLATE = Path(__file__).with_name("report_template.html")
USAGES = (
    ("LUTs", "luts"),
    ("flip-flops", "ffs"),
    ("multipliers", "multipliers"),
    ("block RAMs", "block_rams"),
)


def write_page(report: Report, folder: str | Path) -> Path:
    """Writes report.html to the folder; returns its path.

    Raises FirelineError if it cannot be written.
    """
    path = Path(folder) / PAGE
    write_whole(path, render(report).encode(), "report")
    return path


def render(report: Report) -> str:
    """The page as HTML that is also well-formed XML."""
    program, timing = report.compiled.program, report.compiled.timing
    layers = report.compiled.network.architecture.layers()
    span = max(timing.cycles, timing.operations[-1][1] + 1)
    names = report.compiled.network.class_names
    return page(
        TEMPLATE,
        report=report,
        summary=report.summary,
        network=report.compiled.network,
        program=program,
        timing=timing,
        stages=_stages(layers),
        usages=[(name, getattr(report.summary, field)) for name, field in USAGES],
        kinds=list(dict.fromkeys(load.kind for load in report.loads)),
        kind_of={load.name: load.kind for load in report.loads},
        most_cycles=max(load.cycles for load in report.loads),
        most_used=max(1.0, *(load.utilisation for load in report.loads)),
        span=span,
        ticks=ticks(span),
        tracks=tracks(program, timing),
        roofline=Markup(roofline(report.loads, program.array.products, program.requantizer_lanes)),
        cells=Markup(cells_plan(report.floorplan, report.slow_paths.path)),
        wires=Markup(wires_plan(report.floorplan, report.slow_paths.path)),
        class_name=lambda label: names[label] if names else f"class {label}",
    )


def _stages(layers: tuple[Layer, ...]) -> list[dict[LayerKind, Layer]]:
    """The operators of each stage by kind; classifier and average are stages too."""
    stages: dict[tuple, dict] = {}
    for layer in layers:
        last = layer.kind if layer.kind in (LayerKind.CLASSIFIER, LayerKind.AVERAGE) else None
        stages.setdefault((layer.stage, last), {})[layer.kind.value] = layer
    return list(stages.values())
