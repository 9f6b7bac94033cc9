"""Whole frames in Verilator: scores equal the golden model's, cycles the compiler's."""

from dataclasses import replace

import numpy as np
import pytest
from fireline.errors import FirelineError
from fireline.host import golden
from fireline.host.compiler.buffers import StreamedHead
from fireline.host.compiler.compile import compile_network
from fireline.host.network.architecture import (
    PREPROCESSINGS,
    Architecture,
    Bypass,
    Conv1,
    Fire,
    MaxPool,
)
from fireline.host.network.random_network import random_network
from fireline.hw.program import ArrayShape
from fireline.sim.compare import _plans, simulate
from fireline.sim.run import build_simulator, run

NONE, SIMPLE, COMPLEX = Bypass.NONE, Bypass.SIMPLE, Bypass.COMPLEX

NETWORKS = {  # array: (height, width, classes, bits, stages)
    "4x4": (9, 11, 5, 4, (Conv1(13, 3, 1, 1), MaxPool(), Fire(5, 7, 6), Fire(6, 9, 8, COMPLEX))),
    "8x8": (
        16, 12, 10, {"conv1": 8, "fire3/expand3x3": 8},
        (Conv1(16, 5, 1, 2), Fire(8, 16, 16), MaxPool(), Fire(8, 16, 16, SIMPLE), MaxPool()),
    ),
    "16x32": (15, 16, 33, 8, (Conv1(24, 3, 2, 0), Fire(16, 32, 32), Fire(16, 32, 32, SIMPLE))),
    "4x16": (8, 13, 3, 8, (Conv1(7, 1, 1, 0), Fire(5, 8, 12), Fire(9, 8, 12, SIMPLE), MaxPool())),
    "16x4": (10, 9, 1, 4, (Conv1(18, 7, 1, 3), MaxPool(), Fire(20, 35, 3, COMPLEX))),
}  # fmt: skip

SHAPES = {"4x4": (4, 4), "8x8": (8, 8), "16x32": (16, 32), "4x16": (4, 16), "16x4": (16, 4)}


@pytest.fixture
def simulators(pytestconfig):
    """The folder that keeps compiled simulators from one test run to the next."""
    return pytestconfig.cache.mkdir("verilator")


def compiled_network(array, seed=5):
    height, width, classes, bits, stages = NETWORKS[array]
    architecture = Architecture(
        "small", 3, height, width, PREPROCESSINGS["torchvision"], stages, classes
    )
    return compile_network(random_network(architecture, seed, bits), ArrayShape(*SHAPES[array]))


def pictures(compiled, count):
    window = compiled.program.window
    shape = count, window.height, window.width, window.channels
    return np.random.default_rng(count).integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize("array", NETWORKS)
def test_stalls_change_nothing_and_cycles_are_predicted(array, simulators):
    compiled = compiled_network(array)
    pixels = pictures(compiled, 4)
    result = simulate(compiled, pixels, stall=0.5, seed=3, cache=simulators)
    assert (result.mismatches, result.difference) == (0, None)
    scores = [list(frame.scores) for frame in result.frames]
    assert scores == golden.run(compiled.network, pixels).tolist()
    assert result.cycles_per_frame == compiled.timing.cycles
    assert result.utilisation == compiled.utilisation


@pytest.mark.parametrize(
    ("array", "head"),
    [("4x4", StreamedHead(2, overlaid=1, slots=2)), ("16x32", StreamedHead(3))],
)
def test_a_streamed_classifier_reads_its_weights_from_the_sdram(array, head, simulators):
    network = compiled_network(array).network
    compiled = compile_network(network, ArrayShape(*SHAPES[array]), head=head)
    pixels = pictures(compiled, 3)
    result = simulate(compiled, pixels, stall=0.4, seed=2, cache=simulators)
    assert (result.mismatches, result.difference) == (0, None)
    assert result.cycles_per_frame == compiled.timing.cycles


def test_a_wrong_streamed_weight_is_located(simulators):
    network = compiled_network("4x4").network
    compiled = compile_network(network, ArrayShape(4, 4), head=StreamedHead(2))
    wrong = replace(compiled, class_blocks=bytes(byte ^ 0x77 for byte in compiled.class_blocks))
    result = simulate(wrong, pictures(compiled, 1), cache=simulators)
    assert result.mismatches
    assert (result.difference.layer, result.difference.frame) == ("conv4", 0)


def test_the_result_as_json(simulators):
    compiled = compiled_network("4x4")
    lines = []
    result = simulate(compiled, pictures(compiled, 1), progress=lines.append, cache=simulators)
    assert any("a frame will take about" in text for text in lines)
    found = result.to_json(["a.png"])
    (frame,) = found["frames"]
    assert frame["image"] == "a.png"
    assert frame["class"] == int(np.argmax(frame["scores"]))
    assert frame["cycles"] > found["cycles_per_frame"] == compiled.timing.cycles
    assert found["mismatches"] == 0
    assert found["mac_passes"] == compiled.mac_passes
    assert found["cycles_per_second"] > 0


def test_a_corrupted_weight_is_located(simulators):
    """One weight of fire2/squeeze differs from the golden model's."""
    compiled = compiled_network("4x4")
    (squeeze,) = (layer for layer in compiled.program.layers if layer.name == "fire2/squeeze")
    weights = list(compiled.program.weights)
    weights[squeeze.pointwise_rom] ^= 4
    corrupted = replace(compiled, program=replace(compiled.program, weights=tuple(weights)))
    result = simulate(corrupted, pictures(compiled, 1), cache=simulators)
    assert result.mismatches
    assert result.difference.layer == "fire2/squeeze"
    assert (result.difference.frame, result.difference.row) == (0, 0)
    assert str(result.difference).startswith("frame 0: fire2/squeeze row 0 pixel ")


def test_a_wrong_pool_is_located(simulators):
    """Row 2 of conv1 does not complete row 0 of the pool."""
    compiled = compiled_network("4x4")
    rows = list(compiled.program.rows)
    at = next(n for n, row in enumerate(rows) if row.pool_completes)
    rows[at] = replace(rows[at], pool_completes=False)
    corrupted = replace(compiled, program=replace(compiled.program, rows=tuple(rows)))
    result = simulate(corrupted, pictures(compiled, 1), cache=simulators)
    assert (result.difference.layer, result.difference.row) == ("pool1", 0)


@pytest.mark.parametrize("after", [1, 40, 777, 5000])
def test_frames_after_an_abort_are_right(after, simulators):
    compiled = compiled_network("8x8")
    pixels = pictures(compiled, 2)
    simulator = build_simulator(compiled, simulators)
    result = run(simulator, compiled, pixels, [0, 1], stall=0.3, abort_after=after)
    assert np.array_equal(result.scores, golden.run(compiled.network, pixels))


def test_a_run_without_scores_stops_after_its_patience(simulators):
    compiled = compiled_network("8x8")
    simulator = build_simulator(compiled, simulators)
    result = run(simulator, compiled, pictures(compiled, 1), [0], patience=100)
    assert result.scores.shape == (0, 10)


@pytest.mark.parametrize("stall", [-0.1, 0.96, float("nan")])
def test_a_stall_out_of_range_is_refused(stall):
    compiled = compiled_network("4x4")
    with pytest.raises(FirelineError, match="stall is"):
        simulate(compiled, pictures(compiled, 1), stall)


def test_no_frames_are_refused():
    compiled = compiled_network("4x4")
    with pytest.raises(FirelineError, match="no frames"):
        simulate(compiled, pictures(compiled, 1)[:0])


def test_a_waveform_holds_the_given_frames_and_no_others(tmp_path):
    """The frames that only measure the steady state are simulated in a run of their own."""
    file = tmp_path / "waveform.vcd"
    first, steady = _plans(1, 0.0, file)
    assert (first.order, first.vcd) == ([0], file)
    assert (steady.order, steady.vcd) == ([0, 0, 0], None)
    (only,) = _plans(4, 0.0, file)
    assert (only.order, only.vcd) == ([0, 1, 2, 3], file)
    (only,) = _plans(1, 0.0, None)
    assert (only.order, only.vcd) == ([0, 0, 0], None)
