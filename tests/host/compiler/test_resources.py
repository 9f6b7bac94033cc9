from random import Random

import pytest
from fireline.errors import FirelineError
from fireline.host.compiler.compile import compile_network
from fireline.host.compiler.resources import LINK_BLOCK_RAMS, block_rams, check_fit, resources
from fireline.host.network.lookup import resolve
from fireline.host.network.random_network import random_network
from fireline.hw.boards import find_board
from fireline.hw.link.link import Link
from fireline.hw.link.protocol import Identity
from fireline.hw.memory.rom import Rom
from fireline.hw.program import ArrayShape
from support.yosys import cells, synthesized


def shipped(array, bits):
    architecture = resolve("cifar10")
    layers = {layer.name: bits for layer in architecture.layers() if layer.is_convolution}
    quantized = random_network(architecture, 0, {**layers, "conv1": 8})
    return compile_network(quantized, ArrayShape(*array))


@pytest.mark.parametrize(
    ("words", "bits", "count"),
    [(512, 36, 1), (513, 36, 2), (2224, 264, 37), (768, 64, 4), (1, 1, 1)],
)
def test_block_rams(words, bits, count):
    assert block_rams(words, bits) == count


def test_the_shipped_network_fits_the_small_board():
    needed = check_fit(shipped((8, 8), 4), find_board("ulx3s-25f"))
    assert needed.pairs == 32
    assert needed.block_rams == 47
    assert {memory.name for memory in needed.memories if not memory.block_rams} == {
        "pool columns",
        "pool rows",
        "pixel rows",
        "scores",
    }


def test_a_network_that_does_not_fit_is_refused_with_numbers_and_remedies():
    job = shipped((8, 8), 8)
    count = resources(job.program).block_rams
    with pytest.raises(FirelineError) as refusal:
        check_fit(job, find_board("ulx3s-25f"))
    message = str(refusal.value)
    assert f"needs {count} block RAMs and ulx3s-25f has 56" in message
    assert "--weight-bits 4" in message and "a larger board" in message
    assert "\n" not in message


def test_the_link_takes_as_many_block_rams_with_a_thousand_classes(tmp_path):
    identity = Identity(network=1, width=224, height=224, channels=3, classes=1000)
    assert cells(synthesized(Link(identity), tmp_path))["DP16KD"] == LINK_BLOCK_RAMS


@pytest.mark.parametrize("bits", [130, 132])
@pytest.mark.parametrize(("words", "depth"), [(1436, 1532), (3000, 3044), (2600, 2600)])
def test_a_deep_rom_takes_as_many_block_rams_as_are_counted(words, depth, bits, tmp_path):
    random = Random(words)
    rom = Rom(bits, tuple(random.getrandbits(bits) for _ in range(words)), depth)
    assert cells(synthesized(rom, tmp_path))["DP16KD"] == block_rams(depth, bits)
