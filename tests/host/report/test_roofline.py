"""Loads of layers, and their roofs."""

import pytest
from fireline.host.compiler.buffers import StreamedHead
from fireline.host.compiler.compile import compile_network
from fireline.host.network.architecture import Conv1
from fireline.host.network.lookup import resolve
from fireline.host.network.random_network import random_network
from fireline.host.report.roofline import layer_loads
from fireline.hw.program import ArrayShape
from support.networks.small import TINY, compiled, fire, network


def test_the_layers_add_up_to_the_frame():
    job = compile_network(random_network(resolve("cifar10"), 0, {"conv1": 8}), ArrayShape(8, 8))
    loads = layer_loads(job)
    assert [load.name for load in loads] == [layer.name for layer in job.program.layers]
    assert sum(load.cycles for load in loads) == job.timing.cycles
    assert sum(load.macs for load in loads) == job.macs
    assert sum(load.mac_passes for load in loads) == job.mac_passes
    used = sum(load.utilisation * load.cycles for load in loads) / job.timing.cycles
    assert used == pytest.approx(job.utilisation)


def test_a_classifier_of_batches_is_one_layer():
    shape = network(Conv1(8, 1, 1, 0), fire(4, 4, 4), height=5, classes=9)
    job = compiled(shape, head=StreamedHead(2))
    loads = layer_loads(job)
    assert len(loads) < len(job.program.layers)
    assert sum(load.cycles for load in loads) == job.timing.cycles
    assert [load.name for load in loads].count("conv3") == 1


def test_one_layer_by_hand():
    job = compiled(TINY, bits=8, lanes=1)
    load = {load.name: load for load in layer_loads(job)}["fire2"]
    assert (load.kind, load.bits, load.shape) == ("expand", (8, 8), (9, 3, 2))
    assert load.macs == 3 * 2 * (4 * 4 + 9 * 4 * 5)
    assert load.mac_passes == 2 * load.macs
    assert load.results == 9 * 3 * 2
    assert load.intensity == load.mac_passes / (9 * 3 * 2)
    assert load.rate == load.mac_passes / load.cycles
    assert load.utilisation == load.rate / 16
    assert load.roof == 16  # products; the requantizer would allow 43


def test_the_requantizer_may_be_the_lower_roof():
    loads = {load.name: load for load in layer_loads(compiled(TINY, lanes=1))}
    squeeze = loads["fire2/squeeze"]
    assert squeeze.intensity == squeeze.roof == 6  # a result of six products, one result a cycle
    assert squeeze.rate <= 6


def test_every_kind_of_layer():
    shape = network(Conv1(8, 3, 1, 1), fire(4, 4, 4, "complex"))
    kinds = {load.name: load.kind for load in layer_loads(compiled(shape))}
    assert kinds == {
        "conv1": "conv1",
        "fire2/squeeze": "squeeze",
        "fire2/bypass": "bypass",
        "fire2": "expand",
        "conv3": "classifier",
    }
