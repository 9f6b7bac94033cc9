"""Floorplans from nextpnr's configuration; `test_build` checks a real one."""

import json

import pytest
from fireline.errors import FirelineError
from fireline.host.bitstream.floorplan import DIES, Floorplan, Tile
from fireline.host.bitstream.place_and_route import DEVICES
from support.built import floorplan


def test_each_tiles_resources_are_counted(tmp_path):
    plan = floorplan(tmp_path)
    assert (plan.columns, plan.rows) == (73, 51)
    assert plan.tiles == (
        Tile(3, 2, luts=3, ffs=2, wires=2, block_rams=0, multipliers=0),
        Tile(4, 13, luts=0, ffs=0, wires=0, block_rams=0, multipliers=2),
        Tile(5, 22, luts=0, ffs=0, wires=1, block_rams=1, multipliers=0),
    )


def test_a_written_floorplan_can_be_read(tmp_path):
    plan = floorplan(tmp_path)
    plan.write(tmp_path / "plan.json")
    assert Floorplan.read(tmp_path / "plan.json") == plan


def test_the_file_of_a_full_die_is_small(tmp_path):
    columns, rows = DIES["LFE5U-85F"]
    tiles = [Tile(x, y, 8, 8, 200, 0, 0) for x in range(columns) for y in range(rows)]
    Floorplan(columns, rows, tuple(tiles)).write(tmp_path / "plan.json")
    assert (tmp_path / "plan.json").stat().st_size < 300_000


def test_every_device_has_a_die():
    assert set(DIES) == set(DEVICES)


@pytest.mark.parametrize(
    "change",
    [
        {"columns": "73"},
        {"rows": None},
        {"tiles": [[1, 2, 3]]},
        {"tiles": [[1, 2, 3, 4, 5, 6, -7]]},
        {"tiles": 3},
    ],
)
def test_a_damaged_file_is_refused(tmp_path, change):
    file = tmp_path / "plan.json"
    floorplan(tmp_path).write(file)
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(
        FirelineError, match=rf"plan.json: {next(iter(change))}.*: Expected .*; build again"
    ):
        Floorplan.read(file)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"columns": 3}'])
def test_another_file_is_refused(tmp_path, text):
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(FirelineError, match="build again"):
        Floorplan.read(tmp_path / "plan.json")


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(FirelineError, match="no such file; build again"):
        Floorplan.read(tmp_path / "plan.json")
