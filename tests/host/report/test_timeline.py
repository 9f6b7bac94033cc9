"""The timeline's tracks hold every row operation."""

import pytest
from fireline.host.report import timeline
from support.networks.small import TINY, compiled
from support.svg import boxes


@pytest.mark.parametrize("end", [0.7, 1, 7, 99, 2167, 206_048, 1e7])
def test_ticks_are_round_and_few(end):
    ticks = timeline.ticks(end)
    step = ticks[1]
    assert 3 <= len(ticks) <= 7 and ticks[0] == 0
    assert ticks[-1] <= end < ticks[-1] + step * 1.001
    assert f"{step:.0e}"[0] in "1235"


def test_every_row_operation_is_on_its_layers_track():
    job = compiled(TINY)
    tracks = timeline.tracks(job.program, job.timing)
    assert [name for name, _ in tracks] == [layer.name for layer in job.program.layers]
    drawn = {(name, *box) for name, path in tracks for box in boxes(path)}
    expected = {
        (job.program.layers[row.layer].name, first, 0, last - first + 1, 1)
        for row, (first, last) in zip(job.program.rows, job.timing.operations, strict=True)
    }
    assert drawn == expected and sum(len(boxes(path)) for _, path in tracks) == len(expected)
