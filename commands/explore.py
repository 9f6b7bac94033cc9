"""fireline explore: measures many networks around one."""

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from ..errors import FirelineError
from .common import Array, Output, command
from .options.comma_list import CommaList
from .options.numbers import COUNT, SEED, Real
from .options.paths import INPUT, OutputFolder
from .options.pictures import STRICT, reading

if TYPE_CHECKING:
    from ..host.data.dataset import Dataset
    from ..host.exploration.explore import Exploration
    from ..host.exploration.trial import Measured
    from ..host.network.variants import Space

TABLE = "results.csv"
CHARTS = ("svg", "png")


def _files() -> tuple[str, ...]:
    from ..host.exploration.explore import DESCRIPTION

    return DESCRIPTION, TABLE, *(f"tradeoffs.{kind}" for kind in CHARTS)


@command
@click.option("--data", metavar="DIR", type=INPUT, required=True, help="Labelled pictures.")
@click.option(
    "-o",
    "folder",
    metavar="DIR",
    type=OutputFolder(_files),
    required=True,
    help="The folder for the results.",
)
@click.option("--arch", metavar="ARCH", type=INPUT, default="cifar10", show_default=True)
@click.option(
    "--squeeze-ratio",
    metavar="R,...",
    type=CommaList(Real(0, 1, min_open=True)),
    help="Each above 0, at most 1, such as 0.125,1.",
)
@click.option(
    "--share-3x3",
    metavar="S,...",
    type=CommaList(Real(0, 1, min_open=True, max_open=True)),
    help="Each above 0, below 1, such as 0.01,0.5.",
)
@click.option(
    "--bypass",
    metavar="B,...",
    type=CommaList(click.Choice(["none", "simple", "complex"])),
    help="Any of none, simple, complex.",
)
@click.option("--array", metavar="A,...", type=CommaList(Array()), default="8x8", show_default=True)
@click.option(
    "--weight-bits",
    metavar="N,...",
    type=CommaList(click.Choice(["4", "8"])),
    default="4",
    show_default=True,
    help="4, 8 or both; conv1's are 8.",
)
@click.option(
    "--epochs", type=COUNT, default=8, show_default=True, help="Passes over the pictures."
)
@click.option("--batch", type=COUNT, default=128, show_default=True, help="Pictures in a batch.")
@click.option(
    "--pictures", type=click.IntRange(2), metavar="N", help="Train and test on at most N pictures."
)
@click.option("--bfloat16", is_flag=True, help="Train faster on processors that support it.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of the random numbers.")
@click.option("--workers", type=COUNT, help="Processes on this machine.  [default: one per core]")
@click.option("--scheduler", metavar="ADDRESS", help="Use the workers of a Dask cluster instead.")
@STRICT
def explore(
    output: Output,
    data,
    folder,
    arch,
    squeeze_ratio,
    share_3x3,
    bypass,
    array,
    weight_bits,
    pictures,
    workers,
    scheduler,
    strict,
    **recipe,
):
    """Sweep the design space around a network.

    Trains every combination of the lists for a few epochs with the same seed, quantizes it,
    evaluates it with the golden model and compiles it. Shows accuracy against weights, cycles and
    block RAMs in a table, and writes DIR/results.csv and DIR/tradeoffs.svg and .png with the Pareto
    front. Without a list, a property stays as in ARCH. Networks that differ only in array or bits
    are trained once.

    Results that are already in DIR are kept: after an interrupt the same command resumes, and other
    lists add to the results. With --scheduler, run `dask scheduler` on one machine and `dask worker
    ADDRESS --nworkers auto --nthreads 1` on all; they need Fireline and Dask (pip install
    'fireline[explore]'), but neither the pictures nor DIR.

    \b
    Examples:
      fireline explore --data cifar-10 --squeeze-ratio 0.125,0.25,0.5,0.75,1 \\
          --array 8x8,16x16 --weight-bits 4,8 -o build/explore
      fireline explore --data cifar-10 --bypass none,simple,complex -o build/bypass
      fireline explore --data cifar-10 --share-3x3 0.01,0.25,0.5,0.75,0.99 \\
          --scheduler tcp://192.168.1.2:8786 -o build/shares
    """
    from ..host.data.dataset import load_dataset
    from ..host.exploration.explore import Exploration, check_begun, fewer_pictures
    from ..host.network.lookup import resolve
    from ..host.network.stage import Bypass
    from ..host.network.variants import Space
    from ..host.training.recipe import Recipe

    if workers and scheduler is not None:
        raise FirelineError("--workers and --scheduler exclude each other: leave one out")
    base, chosen = resolve(arch), Recipe(**recipe)
    space = Space(
        squeeze_ratios=squeeze_ratio or (None,),
        shares_3x3=share_3x3 or (None,),
        bypasses=tuple(map(Bypass, bypass)) if bypass else (None,),
        arrays=array,
        bits=tuple(map(int, weight_bits)),
    )
    space.variants(base)  # raises FirelineError for lists that do not fit the network
    check_begun(folder, base, chosen)
    dataset = load_dataset(data, base, chosen.seed, reading(output, strict))
    if pictures is not None:
        dataset = fewer_pictures(dataset, pictures, chosen.seed)
    exploration = Exploration.begin(folder, base, chosen, dataset)
    failed = _run(output, exploration, space, dataset, workers or os.cpu_count() or 1, scheduler)

    measured = exploration.measured()
    if measured:
        title = f"{base.name}: {chosen.epochs} epochs on {len(dataset.train):,} pictures"
        _show(output, exploration.folder, title, measured)
    output.result({"folder": folder, "points": [asdict(each) for each in measured]})
    if failed:
        raise FirelineError(f"failed: {'; '.join(failed)}")


def _run(
    output: Output,
    exploration: "Exploration",
    space: "Space",
    dataset: "Dataset",
    workers: int,
    scheduler: str | None,
) -> list[str]:
    """Measures the missing points; returns a line for each network that failed."""
    from ..host.exploration import cluster, processes, trial

    trials = exploration.trials(space)
    everything = len(space.variants(exploration.base))
    output.say(f"{everything - len(trials)} of {everything} networks are already measured")
    if scheduler is not None:
        done = cluster.on_dask(trial.run, trials, (dataset,), scheduler, output.say)
    else:
        done = processes.in_processes(trial.run, trials, (dataset,), workers)
    failed = []
    with closing(done), output.progress("networks") as report:
        for number, (index, outcome) in enumerate(done, 1):
            name = trials[index].architecture.name
            if isinstance(outcome, FirelineError):
                failed.append(f"{name}: {outcome}")
            else:
                outcome = cast(trial.Outcome, outcome)
                exploration.keep(trials[index], outcome)
                best = max(outcome.measured, key=lambda measured: measured.top1)
                output.say(f"{name}: {best.top1:.2%} with {best.bits} bits")
            report(number, len(trials))
    return failed


def _show(output: Output, folder: Path, title: str, measured: Sequence["Measured"]) -> None:
    """Shows the table and writes the CSV file and the charts."""
    from ..host.exploration.tradeoffs import COSTS, draw, front, write_table

    best = {cost: front(measured, cost) for cost in COSTS}
    table = output.table(
        f"{title} (*: on the Pareto front)", "<network", "array", "bits", "parameters", "float32",
        "integers", "weight bytes", "<", "cycles", "<", "block RAMs", "<",
    )  # fmt: skip
    for each in measured:
        row = [each.network, each.array, str(each.bits), f"{each.parameters:,}"]
        row += [f"{each.float_top1:.2%}", f"{each.top1:.2%}"]
        for cost, points in best.items():
            row += [f"{getattr(each, cost):,}", "*" if each in points else ""]
        table.add_row(*row)
    output.show(table)
    write_table(measured, folder / TABLE)
    for kind in CHARTS:
        draw(measured, title, folder / f"tradeoffs.{kind}")
    output.say(f"{folder / 'tradeoffs.svg'}, .png and results.csv: {len(measured)} points")
