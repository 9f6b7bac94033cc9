"""The report as one page of HTML that needs nothing else: no script, no network."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..files import write_whole
from ..network.architecture import Layer, LayerKind
from . import charts
from .report import Report

PAGE = "report.html"
USAGES = (
    ("LUTs", "luts"),
    ("flip-flops", "ffs"),
    ("multipliers", "multipliers"),
    ("block RAMs", "block_rams"),
)


def write_page(report: Report, folder: str | Path) -> Path:
    """Writes report.html into the folder; returns its path.

    Raises FirelineError when it cannot be written.
    """
    path = Path(folder) / PAGE
    write_whole(path, render(report).encode(), "report")
    return path


def render(report: Report) -> str:
    """The page; it is well-formed XML too."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    program, timing = report.compiled.program, report.compiled.timing
    layers = report.compiled.network.architecture.layers()
    span = max(timing.cycles, timing.operations[-1][1] + 1)
    names = report.compiled.network.class_names
    return environment.get_template("report_template.html").render(
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
        ticks=charts.ticks(span),
        lanes=charts.lanes(program, timing),
        roofline=Markup(
            charts.roofline(report.loads, program.array.products, program.requantizer_lanes)
        ),
        cells=Markup(charts.cells_plan(report.floorplan, report.slow_paths.path)),
        wires=Markup(charts.wires_plan(report.floorplan, report.slow_paths.path)),
        class_name=lambda label: names[label] if names else f"class {label}",
    )


def _stages(layers: tuple[Layer, ...]) -> list[dict[LayerKind, Layer]]:
    """The operators of each stage by kind; classifier and average are stages too."""
    stages: dict[tuple, dict] = {}
    for layer in layers:
        last = layer.kind if layer.kind in (LayerKind.CLASSIFIER, LayerKind.AVERAGE) else None
        stages.setdefault((layer.stage, last), {})[layer.kind.value] = layer
    return list(stages.values())
