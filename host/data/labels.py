"""labels.csv: pictures and their classes in a table, as spreadsheets and scripts write it."""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from ...errors import FirelineError
from ..reading import read_bytes

TABLE = "labels.csv"
"""The name of the file, in any case."""
MOST_BYTES = 64 << 20
FILE_WORDS = (
    *("file", "filename", "filepath", "path", "image", "imagefile", "imagename", "imagepath"),
    *("img", "imgpath", "picture", "name"),
)
CLASS_WORDS = ("class", "label", "classid", "classname", "category", "target", "species")
"""Names of columns, in any case, with blanks and underscores taken out."""
DELIMITERS = ",;\t|"
NUMBER = re.compile(r"[0-9]{1,6}(\.0*)?", re.ASCII)
ADVICE = "write the columns file,class and a row for each picture"

Labelled = list[tuple[Path, int]]
"""Files with their classes."""


def read_labels(table: Path, classes: int, names: Sequence[str] = ()) -> Labelled:
    """The pictures that a table names, with their classes, 0 to ``classes`` - 1.

    The table is text in UTF-8, UTF-16 with a byte order mark, or Windows-1252, with commas,
    semicolons, tabs, vertical bars or blanks between the columns. The first row names the columns;
    without names, the first column is the file and the second the class. A class is a number, or
    one of ``names`` if all of them are. Files are relative to the table's folder; backslashes count
    as slashes.

    Raises FirelineError, with the line, for a table that cannot be understood, a class that the
    network does not have, and a file that is not there.
    """
    rows = _rows(table)
    if not rows:
        raise FirelineError(f"{table}: has no rows; {ADVICE}")
    file_column, class_column, rows = _columns(table, rows)
    if not rows:
        raise FirelineError(f"{table}: has no rows but the columns' names; {ADVICE}")
    cells = []
    for line, row in rows:
        if len(row) <= max(file_column, class_column) or not row[file_column]:
            raise FirelineError(f"{table} line {line}: file or class is missing; {ADVICE}")
        cells.append((line, row[file_column], row[class_column]))
    by_name = {name.strip().casefold(): label for label, name in enumerate(names)}
    texts = [text for _, _, text in cells]
    words = by_name and any(_number(text) is None for text in texts)
    named = words or all(text.casefold() in by_name for text in texts)
    files = []
    for line, file, text in cells:
        label = by_name.get(text.casefold()) if named else _number(text)
        if label is None or not label < classes:
            known = f", or all of the names {', '.join(names[:3])} ..." if names else ""
            raise FirelineError(
                f"{table} line {line}: class {text!r} is unknown; use 0 to {classes - 1}{known}"
            )
        files.append((_existing(table, line, file), label))
    return files


def _rows(table: Path) -> list[tuple[int, list[str]]]:
    """The rows that are not empty, each with its line; blanks around the cells are taken off."""
    text = _decode(table)
    first, _, rest = text.partition("\n")
    line = 0
    if first.strip().lower().startswith("sep="):  # Excel's word on the delimiter
        text, line, delimiter = rest, 1, first.strip()[4:] or ","
    else:
        outside = re.sub(r'"[^"]*"', "", first)
        delimiter = max(DELIMITERS, key=outside.count)
        delimiter = delimiter if delimiter in outside else " "
    try:
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True
        )
        rows = [(line + reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (csv.Error, TypeError, ValueError) as error:
        raise FirelineError(f"{table}: not a valid CSV file ({error}); {ADVICE}") from error
    return [(line, row) for line, row in rows if any(row)]


def _decode(table: Path) -> str:
    data = read_bytes(table, "table", MOST_BYTES)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise FirelineError(f"{table}: not a valid CSV file (not text); {ADVICE}")


def _columns(
    table: Path, rows: list[tuple[int, list[str]]]
) -> tuple[int, int, list[tuple[int, list[str]]]]:
    """The columns of file and class, and the rows without the columns' names."""
    words = [re.sub(r"[\W_]", "", cell).lower() for cell in rows[0][1]]
    file = next((words.index(word) for word in FILE_WORDS if word in words), None)
    label = next((words.index(word) for word in CLASS_WORDS if word in words), None)
    if file is not None and label is not None:
        return file, label, rows[1:]
    if len(rows[0][1]) >= 2 and _path(table, rows[0][1][0]).is_file():
        return 0, 1, rows
    raise FirelineError(
        f"{table}: has the columns {', '.join(map(repr, rows[0][1][:8]))}, none of which is "
        f"{'the file' if file is None else 'the class'}; name the columns file and class"
    )


def _number(text: str) -> int | None:
    return int(float(text)) if NUMBER.fullmatch(text) else None


def _existing(table: Path, line: int, file: str) -> Path:
    path = _path(table, file)
    if not path.exists():
        raise FirelineError(
            f"{table} line {line}: {file}: no such file; name it relative to {table.parent}"
        )
    return path


def _path(table: Path, file: str) -> Path:
    path = table.parent / file
    return path if "\\" not in file or path.exists() else table.parent / file.replace("\\", "/")
