import zlib

import numpy as np
import pytest
from fireline.host.compiler.plan import plan_layers
from fireline.host.compiler.rom_contents import RomContents, accumulator_range
from fireline.host.network.architecture import Conv1
from fireline.host.network.random_network import random_network
from fireline.host.network.stage import MAX_POOLS, MaxPool
from fireline.hw.program import ArrayShape
from support.networks.small import fire, network

NETWORK = network(Conv1(20, 3, 1, 1), fire(19, 6, 21, "complex"), fire(5, 10, 17, "simple"))


@pytest.mark.parametrize("bits", [4, 8])
def test_no_partial_sum_leaves_the_range(bits):
    """The worst activations for each sign, in the order of the passes."""
    conv = random_network(NETWORK, 3, bits, exponent_max=3).convs["fire2/expand3x3"]
    low, high = accumulator_range(conv)
    weights = conv.effective_weights().astype(np.int64).reshape(len(conv.bias), -1)
    parts = [weights & ~15, weights & 15] if bits == 8 else [weights]
    for sign, bound in ((1, high), (-1, low)):
        worst = 255 * (weights * sign > 0)
        total = np.zeros(len(weights), np.int64)
        for part in parts:
            steps = total[:, None] + np.cumsum(part * worst, 1)
            assert low <= steps.min() and steps.max() <= high
            total = steps[:, -1]
        if bits == 4:
            assert (total.max() if sign > 0 else total.min()) == bound


def test_layers_follow_each_other_in_both_roms():
    contents = RomContents(random_network(NETWORK, 0), ArrayShape(4, 4), 1, streamed=False)
    weights, parameters = 0, 0
    for plan in plan_layers(NETWORK).layers:
        layer = contents.add(plan)
        words = layer.words * layer.pointwise_groups * layer.pointwise_passes
        assert (layer.pointwise_rom, layer.parameters) == (weights, parameters)
        if plan.expand3x3:
            assert layer.expand3x3_rom == weights + words
            words += 9 * layer.words * layer.expand3x3_groups * layer.expand3x3_passes
        weights, parameters = weights + words, len(contents.parameters)
        assert len(contents.weights) == weights


@pytest.mark.parametrize("pool", MAX_POOLS, ids=str)
def test_the_hardware_has_the_windows_of_the_pool(pool):
    """Their ends and number, for sides of every parity."""
    for side in [side for side in range(2, 20) if pool.windows(side)]:
        architecture = network(Conv1(20, 1, 1, 0), pool, height=side, width=23 - side)
        conv1 = plan_layers(architecture).conv1
        contents = RomContents(random_network(architecture, 0), ArrayShape(4, 4), 1, streamed=False)
        layer = contents.add(conv1)
        assert layer.pool.ends(side) == [window.stop - 1 for window in conv1.pool_rows]
        assert layer.pool.ends(layer.columns) == [
            window.stop - 1 for window in pool.windows(23 - side)
        ]
        assert contents.pool_beats == len(pool.windows(23 - side)) * layer.pool_beats


def test_the_identifier_tells_pools_apart():
    """Their weights may be equal. Without a pool of another kind it is that of the words alone."""

    def identifier(pool):
        architecture = network(Conv1(20, 1, 1, 0), pool)
        contents = RomContents(random_network(architecture, 0), ArrayShape(4, 4), 1, streamed=False)
        for layer in plan_layers(architecture).layers:
            contents.add(layer)
        words = ",".join(map(str, (*contents.weights, *contents.parameters)))
        return contents.identifier, zlib.crc32(words.encode())

    assert len({identifier(pool)[0] for pool in MAX_POOLS}) == len(MAX_POOLS)
    own, words = identifier(MaxPool())
    assert own == words


@pytest.mark.parametrize("classes", [8, 9])
def test_a_streamed_classifier_is_whole_class_blocks_apart_from_the_rom(classes):
    architecture = network(Conv1(20, 3, 1, 1), classes=classes)
    conv1, classifier = plan_layers(architecture).layers
    contents = RomContents(random_network(architecture, 0), ArrayShape(4, 8), 2, streamed=True)
    contents.add(conv1)
    size = len(contents.weights)
    layer = contents.add(classifier)
    assert len(contents.weights) == size and layer.pointwise_groups == 1 and layer.streamed
    assert len(contents.streamed) == -(-classes // 8) * layer.words
    assert layer.pointwise_beats == 4
