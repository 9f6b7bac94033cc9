"""What users bring is read within bounds: other files, sizes, depths and numbers are refused."""

import os
import socket
from dataclasses import dataclass
from typing import Annotated

import pytest
from fireline.errors import FirelineError
from fireline.host.reading import (
    MOST_DEPTH,
    MOST_JSON,
    MOST_TOML,
    parse_json,
    read_bytes,
    read_json,
    read_record,
    read_text,
    read_toml,
)
from msgspec import Meta


def refused(read, *arguments) -> str:
    with pytest.raises(FirelineError) as error:
        read(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_regular_file_is_read(tmp_path):
    (tmp_path / "file").write_bytes(b"1234")
    (tmp_path / "link").symlink_to("file")
    assert read_bytes(tmp_path / "link", "list", 4) == b"1234"
    assert "has 4 bytes, and at most 3 are read; check" in refused(
        read_bytes, tmp_path / "file", "list", 3
    )


def test_what_may_never_end_is_refused_unread(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(tmp_path / "socket"))
        for name, kind in (("fifo", "a FIFO"), ("socket", "a socket"), (".", "a folder")):
            message = refused(read_bytes, tmp_path / name, "list", 4)
            assert f"list {tmp_path / name}: is {kind}; name a regular file" in message
    assert "/dev/zero: is a device" in refused(read_bytes, "/dev/zero", "list", 4)


def test_a_file_that_hides_its_size_is_read_within_the_bound():
    assert os.stat("/proc/self/status").st_size == 0
    assert "has more than 8 bytes" in refused(read_bytes, "/proc/self/status", "list", 8)


@pytest.mark.parametrize(
    "name, reason",
    [
        ("none", "no such file"),
        ("file/inside", "Not a directory"),
        ("a\0b", "null"),
        ("n" * 999, "long"),
    ],
)
def test_a_path_to_nothing(tmp_path, name, reason):
    (tmp_path / "file").touch()
    message = refused(read_bytes, f"{tmp_path}/{name}", "list", 4, "look again")
    assert reason in message and message.endswith("look again")


def test_text_is_utf_8_with_or_without_a_byte_order_mark(tmp_path):
    file = tmp_path / "text"
    for data in ("größe = 1", "\ufeffgröße = 1"):
        file.write_text(data, encoding="utf-8")
        assert read_text(file, "list", 100) == "größe = 1"
    file.write_bytes(b"abc\xff")
    assert "byte 3 is not UTF-8 text" in refused(read_text, file, "list", 100)


@pytest.mark.parametrize(
    "text, problem",
    [
        ("{", "not a valid JSON file"),
        (b"\xff", "byte 0 is not UTF-8 text"),
        ("[" * 100_000, "more than 32 lists"),
        ("[" * (MOST_DEPTH + 1) + "]" * (MOST_DEPTH + 1), "more than 32 lists"),
        ("1" * 5000, "not a valid JSON file"),
        ('{"a": [1, %s]}' % ("1" * 20), r"a[1] is an integer of more than 64 bits"),
        ("-" + "9" * 30, "the file is an integer of more than 64 bits"),
        ('{"a": NaN}', "a is nan"),
        ('{"a": [[-Infinity]]}', "a[0][0] is -inf"),
        ('{"a": 1e999}', "a is inf"),
        (r'{"a": "\ud800"}', "surrogates not allowed"),
        (r'{"\udfff": 1}', "surrogates not allowed"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "the key 'c' comes twice"),
    ],
)
def test_json_that_is_refused(text, problem):
    data = text if isinstance(text, bytes) else text.encode()
    message = refused(parse_json, data, "points", "measure again")
    assert message.startswith("points: ") and message.endswith("; measure again")
    assert problem in message


def test_json_that_is_accepted(tmp_path):
    depth = "[" * MOST_DEPTH + "]" * MOST_DEPTH
    (tmp_path / "file").write_text('{"a": [1e308, -9223372036854775807, "\\u00e4"], "b": 1}')
    found = read_json(tmp_path / "file", "list")
    assert found == {"a": [1e308, -(2**63) + 1, "ä"], "b": 1}
    assert parse_json(depth.encode(), "", "")


@pytest.mark.parametrize(
    "text, problem",
    [
        ("a = [", "not a valid TOML file"),
        ("a = " + "[" * 10_000, "more than 32 lists"),
        (".".join("a" * 60) + " = 1", "more than 32 lists"),
        ("a = " + "1" * 5000, "not a valid TOML file"),
        ("a = 0x" + "f" * 3000, "a is an integer of more than 64 bits"),
        ("a = { b = [0, nan] }", "b[1] is nan"),
        ("a = -inf", "a is -inf"),
        ("a = 1e999", "a is inf"),
        ("a = 1\na = 2", "not a valid TOML file"),
    ],
)
def test_toml_that_is_refused(tmp_path, text, problem):
    (tmp_path / "file").write_text(text)
    assert problem in refused(read_toml, tmp_path / "file", "network")


@pytest.mark.parametrize("read, most", [(read_json, MOST_JSON), (read_toml, MOST_TOML)])
def test_a_large_file_is_refused_unread(tmp_path, read, most):
    with (tmp_path / "file").open("wb") as file:
        file.truncate(most + 1)
    assert f"at most {most:,} are read" in refused(read, tmp_path / "file", "network")


@dataclass
class Point:
    name: str
    cycles: Annotated[int, Meta(ge=1, le=100)]
    shares: tuple[Annotated[float, Meta(ge=0, le=1)], ...] = ()


def test_a_record_has_the_types_and_ranges_of_its_class(tmp_path):
    file = tmp_path / "file"
    file.write_text('{"name": "x", "cycles": 100, "shares": [0, 0.5]}')
    assert read_record(file, Point, "result", "again") == Point("x", 100, (0.0, 0.5))


@pytest.mark.parametrize(
    "text, problem",
    [
        ("[]", "the value: Expected `object`, got `array`"),
        ('{"cycles": 1}', "missing required field `name`"),
        ('{"name": "x", "cycles": 0}', "cycles: Expected `int` >= 1"),
        ('{"name": "x", "cycles": 101}', "cycles: Expected `int` <= 100"),
        ('{"name": "x", "cycles": true}', "cycles: Expected `int`, got `bool`"),
        ('{"name": "x", "cycles": 1.5}', "cycles: Expected `int`, got `float`"),
        ('{"name": 1, "cycles": 1}', "name: Expected `str`, got `int`"),
        ('{"name": "x", "cycles": 1, "shares": [0, 2]}', "shares[1]: Expected `float` <= 1"),
    ],
)
def test_a_record_of_another_type_is_refused(tmp_path, text, problem):
    (tmp_path / "file").write_text(text)
    message = refused(read_record, tmp_path / "file", Point, "result", "measure again")
    assert problem in message and message.endswith("; measure again")
