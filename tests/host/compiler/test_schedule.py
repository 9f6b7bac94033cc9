from fireline.host.compiler.plan import plan_layers
from fireline.host.compiler.schedule import Row, layer_shapes, schedule
from fireline.host.network.architecture import Conv1
from fireline.host.network.families import family
from support.small import fire, network


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
