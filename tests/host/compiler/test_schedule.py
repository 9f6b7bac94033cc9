import pytest
from fireline.errors import FirelineError
from fireline.host.compiler.buffers import Buffer, Buffers, allocate
from fireline.host.compiler.plan import plan_layers
from fireline.host.compiler.schedule import Row, layer_shapes, place, schedule
from fireline.host.network.architecture import Conv1
from fireline.host.network.families import family
from hypothesis import given, settings
from support.small import fire, network
from support.strategies import architectures


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


@given(architectures())
@settings(deadline=None, max_examples=30)
def test_every_network_finds_its_rows(architecture):
    plan = plan_layers(architecture)
    place(schedule(plan), allocate(plan, 4))


@pytest.mark.parametrize("memory", ["squeezed", "skips"])
def test_a_buffer_with_too_few_rows_is_found_out(memory):
    plan = plan_layers(network(Conv1(8, 1, 1, 0), fire(4, 4, 4, "simple"), height=6))
    buffers = allocate(plan, 4)
    activations, skips = dict(buffers.activations), dict(buffers.skips)
    if memory == "skips":
        skips["fire2"] = Buffer(0, 1, skips["fire2"].words)
    else:
        squeezed = activations["fire2/squeeze"]
        activations["fire2/squeeze"] = Buffer(squeezed.base, 2, squeezed.words)
    with pytest.raises(FirelineError, match="would read row"):
        place(schedule(plan), Buffers(activations, skips))
