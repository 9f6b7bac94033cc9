from collections import Counter

import pytest
from fireline.host.compiler.plan import plan_layers
from fireline.host.compiler.schedule import Row, layer_shapes, schedule
from fireline.host.network.architecture import Conv1
from fireline.host.network.families import family
from fireline.host.network.stage import MAX_POOLS, MaxPool
from support.networks.small import fire, network


def test_depth_first_by_hand():
    architecture = network(Conv1(6, 1, 1, 0), "pool", fire(4, 4, 4), height=5)
    assert [(task.layer.name, task.row) for task in schedule(plan_layers(architecture))] == [
        ("conv1", 0),
        ("conv1", 1),
        ("conv1", 2),
        ("conv1", 3),
        ("fire2/squeeze", 0),
        ("conv1", 4),
        ("fire2/squeeze", 1),
        ("fire2", 0),
        ("conv3", 0),
        ("fire2", 1),
        ("conv3", 1),
    ]


def test_rows_behind_the_last_window_of_a_pool():
    """Conv1's is computed in the middle of the last work; a Fire's row 4 is left out."""
    pool = MaxPool(2, ceil=False)
    conv1 = plan_layers(network(Conv1(6, 1, 1, 0), pool, height=3))
    assert [(task.layer.name, task.row) for task in schedule(conv1)] == [
        ("conv1", 0),
        ("conv1", 1),
        ("conv1", 2),
        ("conv2", 0),
    ]
    fire2 = plan_layers(network(Conv1(6, 1, 1, 0), fire(4, 4, 4, "complex"), pool))
    odd = plan_layers(network(Conv1(6, 1, 1, 0), fire(4, 4, 4, "complex"), pool, height=5))
    counts = Counter(task.layer.name for task in schedule(odd))
    assert counts == {"conv1": 5, "fire2/squeeze": 5, "fire2/bypass": 4, "fire2": 4, "conv3": 2}
    assert set(Counter(task.layer.name for task in schedule(fire2)).values()) == {6, 3}


@pytest.mark.parametrize("pool", MAX_POOLS, ids=str)
@pytest.mark.parametrize("height", [5, 6])
def test_the_classifier_has_the_last_row(pool, height):
    """So the frame's last beat is the last score's."""
    for stages in ([pool], [pool, fire(4, 4, 4)], [fire(4, 4, 4), pool]):
        plan = plan_layers(network(Conv1(6, 1, 1, 0), *stages, height=height))
        last = schedule(plan)[-1]
        assert last.layer is plan.classifier and last.row == last.height - 1


def test_every_row_once():
    architecture = family("squeezenet1_1", size=63)
    plan = plan_layers(architecture)
    tasks = schedule(plan)
    assert {layer for layer, _ in layer_shapes(tasks)} == set(plan.layers)
    for layer in plan.layers:
        rows = [task.row for task in tasks if task.layer is layer]
        assert rows == list(range(layer.pointwise.output_height))


def test_a_bypass_is_kept_when_its_row_comes_and_read_when_it_is_expanded():
    plan = plan_layers(network(Conv1(8, 1, 1, 0), fire(4, 4, 4, "simple"), height=2))
    assert [
        (task.layer.name, task.keep, task.skip) for task in schedule(plan) if task.keep or task.skip
    ] == [
        ("conv1", Row("fire2", 0), None),
        ("conv1", Row("fire2", 1), None),
        ("fire2", None, Row("fire2", 0)),
        ("fire2", None, Row("fire2", 1)),
    ]
