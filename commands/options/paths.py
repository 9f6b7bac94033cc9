"""Option types for files and folders; what would overwrite an input is refused at the start.

Every option or argument that names a file or a folder has one of these types. `check_paths` looks
at all of a command's at once, before the command begins.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import click
from click.core import ParameterSource

from ...errors import FirelineError

Names = Callable[[], Iterable[str]]
"""Names of files in a folder; a function, because they come from modules that load slowly."""


class _Path(click.ParamType):
    name = "path"

    def convert(self, value, param, ctx):
        """The text as it is; "" would name the current folder."""
        if not value:
            self.fail("is empty; name a file or a folder", param, ctx)
        return value


class Input(_Path):
    """A file or a folder that the command reads, or the name of a shipped network.

    ``writes`` are the files that the command writes into the folder.
    """

    def __init__(self, writes: Names = tuple) -> None:
        self.writes = writes


class OutputFile(_Path):
    """A file that the command writes; ``beside`` are endings of others that it writes meanwhile.

    If ``dash`` is true, "-" stands for stdout.
    """

    def __init__(self, beside: Iterable[str] = (), dash: bool = False) -> None:
        self.beside, self.dash = beside, dash


class OutputFolder(_Path):
    """A folder into which the command writes files of these names, or into sub-folders.

    If ``scratch`` is true, it also writes beside the folder.
    """

    def __init__(self, names: Names, scratch: bool = False) -> None:
        self.names, self.scratch = names, scratch


INPUT = Input()
OUTPUT = OutputFile()


@dataclass(frozen=True)
class _Named:
    option: str  # as in messages
    path: Path


def check_paths(context: click.Context) -> None:
    """Checks the paths of a command that is about to begin.

    Raises FirelineError if an output cannot be written, if it is also an input, by whatever path or
    link, or if two outputs are one file.
    """
    from ...host.files import check_file_place, check_folder_place

    inputs: list[_Named] = []
    outputs: list[_Named] = []
    for parameter, value in _given(context):
        option, path, kind = _shown(parameter), Path(value), parameter.type
        match kind:
            case Input():
                inputs.append(_Named(option, path))
                written = [path / name for name in kind.writes()] if path.is_dir() else []
                for file in written:
                    check_file_place(file, option)
            case OutputFile():
                if kind.dash and value == "-":
                    continue
                written = [path, *(path.with_name(path.name + end) for end in kind.beside)]
                for file in written:
                    check_file_place(file, option)
            case OutputFolder():
                written = [path / name for name in kind.names()]
                check_folder_place(path, kind.names(), option)
                if kind.scratch and path.exists():
                    check_folder_place(path.absolute().parent, (), option)
        outputs += [_Named(option, file) for file in written]
    for output in outputs:
        for named in inputs:
            _check_kept(output, named)
    for one, other in combinations(outputs, 2):
        if _same(one.path, other.path):
            raise FirelineError(
                f"{one.option} and {other.option} are both {other.path}; name two files"
            )


def _given(context: click.Context) -> Iterator[tuple[click.Parameter, str]]:
    """The paths that the user gave, with their parameters."""
    from ...host.network.shipped import SHIPPED

    for parameter in context.command.params:
        assert parameter.name is not None
        value = context.params.get(parameter.name)
        default = context.get_parameter_source(parameter.name) is ParameterSource.DEFAULT
        if isinstance(parameter.type, _Path) and value is not None and not default:
            for text in value if isinstance(value, tuple) else (value,):
                if not (isinstance(parameter.type, Input) and text in SHIPPED):
                    yield parameter, text


def _shown(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Option):
        return parameter.opts[0]
    return (parameter.metavar or parameter.human_readable_name).removesuffix("...")


def _check_kept(output: _Named, named: _Named) -> None:
    """Raises FirelineError if writing the output would destroy the input."""
    if _same(output.path, named.path):
        raise FirelineError(
            f"{output.option} {output.path} is what {named.option} reads; write to another file"
        )
    if not named.path.is_dir() or not output.path.is_file():
        return
    from ...host.bitstream.summary import FILES
    from ...host.data.dataset import may_belong

    inside = Path(os.path.realpath(output.path)).is_relative_to(os.path.realpath(named.path))
    if inside and (may_belong(output.path.name) or output.path.name in FILES):
        raise FirelineError(
            f"{output.option} {output.path} is part of what {named.option} reads; write to another "
            "file"
        )


def _same(one: Path, other: Path) -> bool:
    """Whether two paths lead to one regular file, or would if it were written."""
    try:
        if not stat.S_ISREG(one.stat().st_mode):
            return False  # what is written into a device destroys nothing
        return one.samefile(other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)
