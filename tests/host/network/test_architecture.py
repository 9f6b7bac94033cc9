"""Shapes by layer, their rules, and the dictionary form."""

import copy
import dataclasses
import json

import pytest
from fireline.errors import FirelineError
from fireline.host.network.architecture import (
    PREPROCESSINGS,
    Architecture,
    Bypass,
    Conv1,
    Fire,
    LayerKind,
    MaxPool,
    Preprocessing,
)
from fireline.host.network.stage import MAX_POOLS
from hypothesis import given
from hypothesis import strategies as st

SMALL = Architecture(
    "small",
    3,
    9,
    12,
    PREPROCESSINGS["caffe"],
    (Conv1(8, 3, 2, 0), MaxPool(), Fire(4, 5, 6, Bypass.COMPLEX), Fire(2, 5, 6, Bypass.SIMPLE)),
    7,
)


def test_layers_of_a_small_network():
    layers = SMALL.layers()
    assert [(layer.name, layer.kind.value, layer.stage) for layer in layers] == [
        ("conv1", "conv1", 0),
        ("pool1", "pool", 1),
        ("fire2/squeeze", "squeeze", 2),
        ("fire2/expand1x1", "expand1x1", 2),
        ("fire2/expand3x3", "expand3x3", 2),
        ("fire2/bypass", "bypass", 2),
        ("fire3/squeeze", "squeeze", 3),
        ("fire3/expand1x1", "expand1x1", 3),
        ("fire3/expand3x3", "expand3x3", 3),
        ("conv4", "classifier", 4),
        ("average", "average", 4),
    ]
    shapes = {
        layer.name: (
            (layer.input_channels, layer.input_height, layer.input_width),
            (layer.output_channels, layer.output_height, layer.output_width),
        )
        for layer in layers
    }
    assert shapes["conv1"] == ((3, 9, 12), (8, 4, 5))
    assert shapes["pool1"] == ((8, 4, 5), (8, 2, 2))
    assert shapes["fire2/squeeze"] == ((8, 2, 2), (4, 2, 2))
    assert shapes["fire2/expand3x3"] == ((4, 2, 2), (6, 2, 2))
    assert shapes["fire2/bypass"] == ((8, 2, 2), (11, 2, 2))
    assert shapes["fire3/squeeze"] == ((11, 2, 2), (2, 2, 2))
    assert shapes["conv4"] == ((11, 2, 2), (7, 2, 2))
    assert shapes["average"] == ((7, 2, 2), (7, 1, 1))


def test_layers_know_their_stage_and_the_map_that_they_write():
    layers = {layer.name: layer for layer in SMALL.layers()}
    assert {name: (layer.stage_name, layer.output_map) for name, layer in layers.items()} == {
        "conv1": ("conv1", "conv1"),
        "pool1": ("pool1", "pool1"),
        "fire2/squeeze": ("fire2", "fire2/squeeze"),
        "fire2/expand1x1": ("fire2", "fire2"),
        "fire2/expand3x3": ("fire2", "fire2"),
        "fire2/bypass": ("fire2", "fire2/bypass"),
        "fire3/squeeze": ("fire3", "fire3/squeeze"),
        "fire3/expand1x1": ("fire3", "fire3"),
        "fire3/expand3x3": ("fire3", "fire3"),
        "conv4": ("conv4", "conv4"),
        "average": ("average", "average"),
    }
    assert [list(stage.values()) for stage in SMALL.layers_by_stage()] == [
        [layer for layer in layers.values() if layer.stage == index] for index in range(5)
    ]
    assert SMALL.classifier == layers["conv4"]


def test_counts_of_a_small_network():
    conv1, pool, expand = map(SMALL.layer, ("conv1", "pool1", "fire2/expand3x3"))
    assert (conv1.weights, conv1.parameters, conv1.macs) == (216, 224, 216 * 4 * 5)
    assert (pool.weights, pool.parameters, pool.macs) == (0, 0, 0)
    assert (expand.kernel, expand.stride, expand.padding) == (3, 1, 1)
    assert (expand.weights, expand.macs) == (4 * 6 * 9, 4 * 6 * 9 * 4)
    assert not pool.is_convolution and SMALL.layer("conv4").kind is LayerKind.CLASSIFIER


def test_pools_in_dictionaries():
    """A file has no fields of SqueezeNet's own pool, so files of earlier versions stay the same."""
    for pool in MAX_POOLS:
        network = dataclasses.replace(SMALL, stages=(SMALL.stages[0], pool))
        data = network.to_dict()
        assert (data["stages"][1] == {"kind": "maxpool"}) == (pool == MaxPool())
        assert Architecture.from_dict(data) == network


def test_classifier_is_conv2_without_fires():
    network = dataclasses.replace(SMALL, stages=(Conv1(8, 3, 1, 1),))
    assert [layer.name for layer in network.layers()] == ["conv1", "conv2", "average"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "a b"}, "network name 'a b'"),
        ({"channels": 2}, "network small: 2 input channels; use 1 or 3"),
        ({"channels": 1}, "order is 'bgr'; use grey"),
        ({"height": 0}, "input height is 0; use an integer from 1 to 1024"),
        ({"width": 1025}, "input width is 1025"),
        ({"classes": 0}, "number of classes is 0"),
        ({"stages": ()}, r"stages\[0\] is not the conv1"),
        ({"stages": (Fire(1, 1, 1),)}, r"stages\[0\] is not the conv1"),
        ({"stages": (Conv1(1, 3, 1, 1),) * 2}, r"stages\[1\] is a second conv1"),
        ({"stages": (Conv1(1, 3, 1, 1), MaxPool(), MaxPool())}, r"stages\[2\] is a second pool"),
        ({"stages": (Conv1(1, 3, 1, 1), "pool")}, r"stages\[1\] is 'pool'; use"),
        ({"stages": (Conv1(1, 3, 16, 0), MaxPool())}, r"stages\[1\]: a map of 1x1 .* is too small"),
        (
            {"height": 2, "stages": (Conv1(1, 3, 1, 1), MaxPool(3, ceil=False))},
            r"stages\[1\]: a map of 2x12 pixels is too small for a 3x3 pool",
        ),
        (
            {"height": 1, "stages": (Conv1(1, 3, 1, 1), MaxPool(2))},
            r"stages\[1\]: a map of 1x12 pixels is too small for a 2x2 pool",
        ),
        ({"stages": (Conv1(1, 3, 1, 1), Fire(0, 1, 1))}, r"stages\[1\]: squeeze is 0"),
        ({"height": 6, "stages": (Conv1(1, 7, 1, 0),)}, r"stages\[0\]: a 7x7 kernel does not fit"),
        (
            {"stages": (Conv1(8, 3, 1, 1), Fire(2, 4, 3, Bypass.SIMPLE))},
            r"stages\[1\]: a simple bypass .* 8 in and 7 out",
        ),
    ],
)
def test_refused(changes, reason):
    with pytest.raises(FirelineError, match=reason) as error:
        dataclasses.replace(SMALL, **changes)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("sides", "stages", "reason"),
    [
        ((9, 12), (Conv1(8, 3, 1, 1), *(Fire(4, 4, 4),) * 128), "129 stages; use at most 128"),
        ((9, 12), (Conv1(8, 3, 1, 1), *(Fire(2048, 1024, 2048),) * 2), "weights; use at most 33,5"),
        ((1024, 1024), (Conv1(65, 3, 1, 1),), "layer conv1 makes a map of 68,157,440 values"),
    ],
)
def test_more_than_a_computer_can_work_on(sides, stages, reason):
    """Such networks are refused before anything of their size is made."""
    with pytest.raises(FirelineError, match=reason):
        dataclasses.replace(SMALL, height=sides[0], width=sides[1], stages=stages)


def test_dictionary_and_back():
    grey = Architecture(
        "g", 1, 8, 8, Preprocessing("grey", 1.0, (1.0,), (2.0,)), (Conv1(8, 3, 2, 0),), 7
    )
    for network in (SMALL, grey):
        assert Architecture.from_dict(json.loads(json.dumps(network.to_dict()))) == network


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (["extra"], 1, "unknown key 'extra'"),
        (["height"], "9", "input height is '9'"),
        (["height"], 9.0, "input height is 9.0"),
        (["name"], None, "network name None"),
        (["last_relu"], 1, "last_relu is 1; use true or false"),
        (["preprocessing"], [], "preprocessing: .* is not a table"),
        (["preprocessing", "mean"], 3, "preprocessing: mean: 3 is not a list"),
        (["preprocessing", "mean"], [1, 2, "3"], "finite"),
        (["preprocessing", "gain"], 3, "unknown key 'gain'"),
        (["stages"], {}, "stages: {} is not a list"),
        (["stages", 0, "kind"], "conv2", r"stages\[0\]: .* is not a stage"),
        (["stages", 1, "size"], 2, r"stages\[1\] has the unknown key 'size'"),
        (["stages", 2, "bypass"], "half", r"stages\[2\]: bypass is 'half'"),
        (["stages", 2, "squeeze"], True, r"stages\[2\]: squeeze is True"),
        (["stages", 3], 5, r"stages\[3\]: 5 is not a stage"),
    ],
)
def test_dictionary_refused(path, value, reason):
    data = copy.deepcopy(SMALL.to_dict())
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(FirelineError, match=reason):
        Architecture.from_dict(data)


def test_dictionary_lacking_a_key():
    data = SMALL.to_dict()
    del data["classes"]
    with pytest.raises(FirelineError, match="lacks 'classes'"):
        Architecture.from_dict(data)


def test_last_relu_stands_in_a_dictionary_only_if_there_is_none():
    """Files that were written before there was a choice keep their meaning."""
    assert "last_relu" not in SMALL.to_dict() and Architecture.from_dict(SMALL.to_dict()).last_relu
    without = dataclasses.replace(SMALL, last_relu=False)
    assert without.to_dict()["last_relu"] is False
    assert Architecture.from_dict(without.to_dict()) == without


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(data=JSON, key=st.sampled_from(sorted(SMALL.to_dict())), value=JSON)
def test_dictionary_never_surprises(data, key, value):
    for text in (data, SMALL.to_dict() | {key: value}):
        try:
            Architecture.from_dict(text)
        except FirelineError as error:
            assert "\n" not in str(error)
