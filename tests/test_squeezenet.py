"""SqueezeNet 1.0 and 1.1 at full size in Verilator: scores and cycles are as predicted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fireline.host import golden
from fireline.host.compiler.compile import compile_network
from fireline.host.data.dataset import load_calibration, load_test
from fireline.host.float_network.checkpoint.load import load_checkpoint
from fireline.host.network.families import family
from fireline.host.network.quantized import QuantizedNetwork
from fireline.host.network.random_network import random_network
from fireline.host.network.stage import PREPROCESSINGS
from fireline.host.network.weight_bits import layer_bits
from fireline.host.quantization.post_training.settings import Settings
from fireline.host.quantization.quantize import quantize
from fireline.hw.program import ArrayShape
from fireline.sim.run import build_simulator, run
from support.paths import SHARED

QUICK = Settings(without=("error-feedback",))


@pytest.fixture
def simulators(pytestconfig):
    """The folder that keeps compiled simulators from one test run to the next."""
    return pytestconfig.cache.mkdir("verilator")


def check_frames(network: QuantizedNetwork, array: str, pixels: np.ndarray, cache: Path) -> None:
    """Simulates two frames back to back, and then one of them with stalls."""
    compiled = compile_network(network, ArrayShape(*map(int, array.split("x"))))
    expected = golden.run(network, pixels)
    assert len(np.unique(expected)) > 100  # the scores are not saturated
    simulator = build_simulator(compiled, cache)
    still = run(simulator, compiled, pixels, [0, 1])
    assert np.array_equal(still.scores, expected)
    assert np.diff(still.ends).tolist() == [compiled.timing.cycles]
    stalled = run(simulator, compiled, pixels, [1], stall=0.3, seed=3)
    assert np.array_equal(stalled.scores, expected[1:])
    assert stalled.ends[0] > still.ends[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, size, array, bits",
    [
        ("squeezenet1_1", 224, "16x16", 4),
        ("squeezenet1_1", 224, "16x32", 8),
        ("squeezenet1_1", 227, "16x32", 4),
        ("squeezenet1_0", 224, "16x32", 4),
        ("squeezenet1_0", 227, "16x16", 8),
    ],
)
def test_random_weights(name, size, array, bits, simulators):
    architecture = family(name, size=size)
    network = random_network(architecture, seed=size, bits=layer_bits(architecture, bits))
    pixels = np.random.default_rng(0).integers(0, 256, (2, size, size, 3), np.uint8)
    check_frames(network, array, pixels, simulators)


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs weights and photos in shared/")
@pytest.mark.parametrize(
    "file, size, preprocessing, array, bits",
    [
        ("squeezenet1_1", 224, "torchvision", "16x32", 4),
        ("squeezenet1_1-caffe", 227, "caffe", "16x16", 8),
        ("squeezenet1_0-caffe-pruned", 227, "caffe", "16x32", 4),
    ],
)
def test_photos(file, size, preprocessing, array, bits, simulators):
    architecture = family(file.partition("-")[0], size=size)
    architecture = replace(architecture, preprocessing=PREPROCESSINGS[preprocessing])
    model = load_checkpoint(SHARED / "weights" / f"{file}.pth", architecture)
    calibration = load_calibration(SHARED / "photos" / "calibration", architecture, limit=32)
    photos = load_test(SHARED / "photos" / "evaluation", architecture).pixels[:2]
    network = quantize(model, calibration, bits, QUICK).network()
    check_frames(network, array, photos, simulators)
