from dataclasses import replace

import pytest
from fireline.errors import FirelineError
from fireline.host.compiler.addresses import row_operations
from fireline.host.compiler.buffers import Buffer, Buffers, allocate
from fireline.host.compiler.plan import plan_layers
from fireline.host.compiler.schedule import schedule
from fireline.host.network.architecture import Conv1
from hypothesis import given, settings
from support.networks.small import fire, network
from support.networks.strategies import architectures


@given(architectures())
@settings(deadline=None, max_examples=30)
def test_every_network_reads_the_rows_that_it_means(architecture):
    plan = plan_layers(architecture)
    row_operations(schedule(plan), allocate(plan, 4))


@pytest.mark.parametrize("memory", ["squeezed", "skips"])
def test_a_buffer_with_too_few_rows_is_detected(memory):
    plan = plan_layers(network(Conv1(8, 1, 1, 0), fire(4, 4, 4, "simple"), height=6))
    buffers = allocate(plan, 4)
    activations, skips = dict(buffers.activations), dict(buffers.skips)
    if memory == "skips":
        skips["fire2"] = Buffer(0, 1, skips["fire2"].words)
    else:
        squeezed = activations["fire2/squeeze"]
        activations["fire2/squeeze"] = Buffer(squeezed.base, 2, squeezed.words)
    with pytest.raises(FirelineError, match="would read row"):
        row_operations(schedule(plan), Buffers(activations, skips))


def test_a_row_that_nothing_wrote_is_detected():
    plan = plan_layers(network(Conv1(8, 1, 1, 0), fire(4, 4, 4), height=2))
    tasks = list(schedule(plan))
    place = next(place for place, task in enumerate(tasks) if task.layer.name == "fire2/squeeze")
    tasks[place] = replace(tasks[place], write=None)
    with pytest.raises(FirelineError, match="fire2 row 0 would read row 0 of fire2/squeeze"):
        row_operations(tuple(tasks), allocate(plan, 4))
