"""The tests check that no operation is lost; simulations check that the results are right."""

from collections import Counter
from itertools import pairwise

import pytest
from fireline.errors import FirelineError
from fireline.host.compiler.addresses import row_operations
from fireline.host.compiler.buffers import StreamedHead, allocate
from fireline.host.compiler.plan import plan_layers
from fireline.host.compiler.schedule import schedule
from fireline.host.compiler.streamed_head import Pace, stream
from fireline.host.network.architecture import Conv1
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks.small import fire, network
from support.networks.strategies import architectures


def pace(blocks=3, slots=2, load=50):
    return Pace(blocks, slots, load, lambda task: 10)


def test_every_class_meets_every_row_once_and_other_layers_keep_their_order():
    plan = plan_layers(network(Conv1(6, 1, 1, 0), fire(4, 4, 4), fire(4, 4, 4), height=11))
    buffers = allocate(plan, 4, StreamedHead(2, overlaid=1))
    plain = schedule(plan)
    tasks = stream(plain, buffers, pace())
    classifier = plain[-1].layer
    seen = Counter(
        (row.row, task.block)
        for task in tasks
        if task.layer == classifier
        for row in (task.reads[1], *task.batch)
    )
    assert seen == {(row, block): 1 for row in range(11) for block in range(3)}
    for layer in {task.layer for task in plain} - {classifier}:
        assert [task for task in tasks if task.layer == layer] == [
            task for task in plain if task.layer == layer
        ]
    row_operations(tasks, buffers, 2)


def test_blocks_go_between_the_rows_that_are_computed_while_they_arrive():
    plan = plan_layers(network(Conv1(6, 1, 1, 0), fire(4, 4, 4), fire(4, 4, 4), height=40))
    buffers = allocate(plan, 4, StreamedHead(4))
    plain = schedule(plan)
    tasks = stream(plain, buffers, pace(blocks=5, slots=2, load=50))
    batch = [task for task in tasks if task.layer == plain[-1].layer and task.row == 4]
    places = [tasks.index(task) for task in batch]
    assert [after - before for before, after in pairwise(places)] == [1, 5, 5, 5]


@given(
    architectures(),
    st.integers(1, 9),
    st.integers(0, 2),
    st.integers(1, 4),
    st.integers(1, 3),
    st.sampled_from([0, 30, 2000]),
)
@settings(deadline=None, max_examples=40)
def test_every_network_reads_the_rows_that_it_means(
    architecture, rows, overlaid, blocks, slots, load
):
    plan = plan_layers(architecture)
    buffers = allocate(plan, 4, StreamedHead(rows))
    row_operations(stream(schedule(plan), buffers, pace(blocks, slots, load)), buffers, 1)


def test_rows_over_buffers_in_use_are_detected():
    plan = plan_layers(network(Conv1(40, 1, 1, 0), fire(4, 4, 4), height=6))
    buffers = allocate(plan, 4, StreamedHead(1, overlaid=4))
    with pytest.raises(FirelineError, match="would read row"):
        row_operations(stream(schedule(plan), buffers, pace()), buffers, 1)
