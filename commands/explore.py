"""The command that explores the design space."""

import os
from contextlib import closing
from dataclasses import asdict

import click

from ..errors import FirelineError
from .common import Array, Output, command


class Many(click.ParamType):
    """Values of another type, set apart by commas."""

    name = "list"

    def __init__(self, each: click.ParamType) -> None:
        self.each = each

    def convert(self, value, param, ctx):
        """ "4,8" to (4, 8)."""
        if isinstance(value, tuple):
            return value
        return tuple(self.each.convert(part.strip(), param, ctx) for part in value.split(","))


@command
@click.option("--data", metavar="DIR", required=True, help="Labelled pictures.")
@click.option("-o", "folder", metavar="DIR", required=True, help="Where the results go.")
@click.option("--arch", metavar="ARCH", default="cifar10", show_default=True)
@click.option(
    "--squeeze-ratio",
    metavar="R,...",
    type=Many(click.FLOAT),
    help="Above 0 to 1, such as 0.125,1.",
)
@click.option(
    "--share-3x3",
    metavar="S,...",
    type=Many(click.FLOAT),
    help="Above 0, below 1, such as 0.01,0.5.",
)
@click.option(
    "--bypass",
    metavar="B,...",
    type=Many(click.Choice(["none", "simple", "complex"])),
    help="Of none, simple, complex.",
)
@click.option("--array", metavar="A,...", type=Many(Array()), default="8x8", show_default=True)
@click.option(
    "--weight-bits",
    metavar="N,...",
    type=Many(click.Choice(["4", "8"])),
    default="4",
    show_default=True,
    help="4, 8 or both; conv1's are 8.",
)
@click.option("--epochs", default=8, show_default=True, help="Passes over the pictures.")
@click.option("--batch", default=128, show_default=True, help="Pictures a step.")
@click.option("--pictures", type=int, metavar="N", help="Train and test on so many pictures only.")
@click.option("--bfloat16", is_flag=True, help="Train faster on processors that have it.")
@click.option("--seed", default=0, show_default=True)
@click.option(
    "--workers", type=click.IntRange(1), help="Processes on this machine.  [default: its cores]"
)
@click.option("--scheduler", metavar="ADDRESS", help="Use the workers of a Dask cluster instead.")
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
    **recipe,
):
    """Sweep the design space around a network.

    Every combination of the lists is trained, for a short while and with the same seed, quantized,
    evaluated by the golden model and compiled: accuracy against weights, cycles and block RAMs,
    in a table, DIR/results.csv and DIR/tradeoffs.svg and .png with the Pareto front. What has no
    list stays as in ARCH. Networks that differ only in array or bits are trained once.

    What is in DIR already is not done again: after an interrupt the same command goes on, and other
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
    from ..host.exploration.explore import Exploration, fewer_pictures
    from ..host.network.lookup import resolve
    from ..host.network.stage import Bypass
    from ..host.network.variants import Space
    from ..host.training.recipe import Recipe

    base, recipe = resolve(arch), Recipe(**recipe)
    space = Space(
        squeeze_ratios=squeeze_ratio or (None,),
        shares_3x3=share_3x3 or (None,),
        bypasses=tuple(map(Bypass, bypass)) if bypass else (None,),
        arrays=array,
        bits=tuple(map(int, weight_bits)),
    )
    space.variants(base)
    dataset = load_dataset(data, base, recipe.seed)
    if pictures is not None:
        dataset = fewer_pictures(dataset, pictures, recipe.seed)
    exploration = Exploration.begin(folder, base, recipe, dataset)
    failed = _run(output, exploration, space, dataset, workers or os.cpu_count(), scheduler)

    measured = exploration.measured()
    if measured:
        title = f"{base.name}: {recipe.epochs} epochs on {len(dataset.train):,} pictures"
        _show(output, exploration.folder, title, measured)
    output.result({"folder": folder, "points": [asdict(each) for each in measured]})
    if failed:
        raise FirelineError(f"failed: {'; '.join(failed)}")


def _run(output, exploration, space, dataset, workers, scheduler):
    """Does what is lacking; a line for each network that failed."""
    from ..host.exploration import trial
    from ..host.exploration.workers import in_processes, on_dask

    trials = exploration.trials(space)
    everything = len(space.variants(exploration.base))
    output.say(f"{everything - len(trials)} of {everything} networks are there already")
    if scheduler is not None:
        done = on_dask(trial.run, trials, (dataset,), scheduler, output.say)
    else:
        done = in_processes(trial.run, trials, (dataset,), workers)
    failed = []
    with closing(done), output.progress("networks") as report:
        for number, (place, outcome) in enumerate(done, 1):
            name = trials[place].architecture.name
            if isinstance(outcome, FirelineError):
                failed.append(f"{name}: {outcome}")
            else:
                exploration.keep(trials[place], outcome)
                best = max(outcome.measured, key=lambda measured: measured.top1)
                output.say(f"{name}: {best.top1:.2%} with {best.bits} bits")
            report(number, len(trials))
    return failed


def _show(output, folder, title, measured):
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
    write_table(measured, folder / "results.csv")
    for kind in ("svg", "png"):
        draw(measured, title, folder / f"tradeoffs.{kind}")
    output.say(f"{folder / 'tradeoffs.svg'}, .png and results.csv: {len(measured)} points")
