"""Slow paths from nextpnr's report."""

import json

import pytest
from fireline.errors import FirelineError
from fireline.host.bitstream.slow_paths import SlowEnd, SlowPaths
from support.built import REPORT


def test_the_critical_path_is_the_slowest_one_on_a_clock():
    path = SlowPaths.of(REPORT).path
    assert (path.start, path.end) == ("first", "last")
    assert (path.nanoseconds, path.wire_nanoseconds) == (3.0, 2.25)
    assert [(hop.column, hop.row) for hop in path.hops] == [(3, 2), (5, 22), (5, 22)]


def test_slow_paths_are_grouped_by_the_register_or_memory_where_they_end():
    assert SlowPaths.of(REPORT).ends == (
        SlowEnd("core.last", 2, 3.0),
        SlowEnd("core.lines.memory", 1, 2.9),
    )


@pytest.mark.parametrize("report", [{}, {"critical_paths": [], "detailed_net_timings": []}])
def test_a_report_without_paths(tmp_path, report):
    slow = SlowPaths.of(report)
    assert slow == SlowPaths(None, ())
    slow.write(tmp_path / "slow.json")
    assert SlowPaths.read(tmp_path / "slow.json") == slow


def test_written_slow_paths_can_be_read(tmp_path):
    slow = SlowPaths.of(REPORT)
    slow.write(tmp_path / "slow.json")
    assert SlowPaths.read(tmp_path / "slow.json") == slow


@pytest.mark.parametrize(
    "change",
    [
        {"path": []},
        {"path": ["a", "b", [[1, 2]]]},
        {"path": ["a", "b", [[1, 2, "x", True]]]},
        {"ends": 3},
        {"ends": [["a", 1]]},
        {"ends": [["a", "b", 1]]},
    ],
)
def test_a_damaged_file_is_refused(tmp_path, change):
    file = tmp_path / "slow.json"
    SlowPaths.of(REPORT).write(file)
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(
        FirelineError, match=rf"slow.json: {next(iter(change))}.*: Expected .*; build again"
    ):
        SlowPaths.read(file)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"path": null}'])
def test_another_file_is_refused(tmp_path, text):
    (tmp_path / "slow.json").write_text(text)
    with pytest.raises(FirelineError, match="build again"):
        SlowPaths.read(tmp_path / "slow.json")


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(FirelineError, match="no such file; build again"):
        SlowPaths.read(tmp_path / "slow.json")
