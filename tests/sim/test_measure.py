"""Measurements on a network so small that they take no time."""

import subprocess
import sys

import numpy as np
import pytest
import safetensors.torch
import torch
from fireline.host.bitstream.design import scale_multipliers
from fireline.host.compiler.compile import compile_network
from fireline.host.compiler.resources import resources
from fireline.host.data.dataset import Pictures
from fireline.host.float_network.squeezenet import SqueezeNet
from fireline.host.network.architecture import PREPROCESSINGS, Architecture, Conv1, Fire, MaxPool
from fireline.host.network.random_network import random_network
from fireline.hw.boards import find_board
from fireline.hw.program import ArrayShape
from fireline.sim.measure import (
    Cycles,
    compare,
    measure_cycles,
    measure_full_size,
    measure_speed,
    processor_seconds,
    random_pixels,
)
from fireline.sim.peers import PEERS, Peer
from support.built import summary

STAGES = (Conv1(8, 3, 1, 1), MaxPool(), Fire(4, 8, 8))
TINY = Architecture("tiny", 3, 8, 8, PREPROCESSINGS["torchvision"], STAGES, 3)


def test_speed_of_both_references(tmp_path):
    torch.manual_seed(0)
    weights = tmp_path / "tiny.safetensors"
    safetensors.torch.save_file(SqueezeNet(TINY).state_dict(), weights)
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 256, (40, 8, 8, 3), np.uint8)
    pictures = Pictures(pixels, draw.integers(0, 3, 40))
    for trained in (weights, None):
        speed = measure_speed(random_network(TINY, 0), pictures, trained, batch=16)
        assert speed.images == 40
        assert 0 <= speed.golden_top1 <= 1 and 0 <= speed.float_top1 <= 1
        assert speed.golden_images_per_second > 0 and speed.float_images_per_second > 0


def test_prediction_without_simulation():
    compiled = compile_network(random_network(TINY, 0), ArrayShape(4, 4))
    cycles = measure_cycles(compiled)
    assert (cycles.network, cycles.array) == ("tiny", "4x4")
    assert (cycles.predicted, cycles.simulated) == (compiled.timing.cycles, None)
    assert not cycles.wrong


@pytest.mark.parametrize(
    "simulated, mismatches, wrong", [(100, 0, False), (101, 0, True), (100, 1, True)]
)
def test_what_is_wrong(simulated, mismatches, wrong):
    assert Cycles("x", "4x4", 100, 1.0, simulated, mismatches, 1.0).wrong is wrong


def test_prediction_and_simulation_agree():
    compiled = compile_network(random_network(TINY, 0), ArrayShape(4, 4))
    cycles = measure_cycles(compiled, random_pixels(TINY, 1))
    assert cycles.simulated == cycles.predicted and cycles.mismatches == 0
    assert cycles.cycles_per_second > 0


def test_full_size_without_a_build():
    """The clock is the board's, the rest is what the compiler expects."""
    compiled = compile_network(random_network(TINY, 0), ArrayShape(4, 4))
    board = find_board("ulx3s-25f")
    row = measure_full_size(compiled, board)
    assert row.frames_per_second == board.clock_mhz * 1e6 / compiled.timing.cycles
    assert row.multipliers == 8 + scale_multipliers(compiled.program)
    assert row.block_rams == resources(compiled.program).block_rams
    assert row.luts is row.verilog_seconds is row.cycles.simulated is None
    assert row.external_bytes == 0


def test_full_size_as_it_was_built():
    compiled = compile_network(random_network(TINY, 0), ArrayShape(4, 4))
    row = measure_full_size(compiled, find_board("ulx3s-25f"), summary(compiled))
    assert (row.clock_mhz, row.multipliers, row.block_rams, row.luts) == (50.0, 8, 5, 4321)
    assert row.per_multiplier == row.frames_per_second / (8 * 0.05)


def test_full_size_simulated():
    compiled = compile_network(random_network(TINY, 0), ArrayShape(4, 4))
    row = measure_full_size(compiled, find_board("ulx3s-25f"), simulated=True)
    assert row.cycles.simulated == compiled.timing.cycles and not row.cycles.wrong
    assert row.verilog_seconds > 0


def test_the_processor_seconds_of_children_count():
    before = processor_seconds()
    subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"], check=True)
    assert processor_seconds() > before + 0.01


def test_only_what_the_peer_did_is_counted():
    whole = Peer("tiny", "none", 10**6, 8, 8, 1, "", TINY)
    part = Peer("tiny", "none", 10**6, 8, 8, 1, "", TINY, ("fire2/squeeze", "fire2"))
    all_of_it, fire = (compare(peer, 8, ArrayShape(4, 4)) for peer in (whole, part))
    assert all_of_it.cycles == all_of_it.frame.predicted == fire.frame.predicted
    assert fire.cycles < all_of_it.cycles and fire.ratio > all_of_it.ratio
    fire_macs = sum(layer.macs for layer in TINY.layers() if layer.name.startswith("fire2"))
    assert fire.macs == fire_macs < all_of_it.macs
    assert (fire.multipliers, fire.products) == (8, 16)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.network.name)
def test_at_least_three_times_fewer_cycles_than_the_peers(peer):
    comparison = compare(peer, peer.bits, ArrayShape(16, 16))
    assert comparison.multipliers <= peer.multipliers
    assert comparison.macs == peer.macs
    assert comparison.ratio >= 3
