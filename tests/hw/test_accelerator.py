"""The whole accelerator in Amaranth's simulator: scores of the golden model, predicted cycles."""

import dataclasses

import numpy as np
import pytest
from fireline.host import golden
from fireline.host.compiler.buffers import StreamedHead
from fireline.host.network.architecture import Conv1, MaxPool
from fireline.host.network.stage import MAX_POOLS
from fireline.hw.accelerator import CONTEXTS
from fireline.hw.fire.sequencer import FETCH_CYCLES
from fireline.hw.latency import Latency
from fireline.hw.lib.skid_buffer import SkidBuffer
from fireline.hw.program import ARRAY_SIDES, QUEUE_DEPTH
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks.small import TINY, compiled, fire, network, pictures, simulate

SHAPES = {
    "pooled": (TINY, "4x4", 4),
    "eight bits": (TINY, "8x8", 8),
    "wide": (TINY, "4x16", 4),
    "tall": (TINY, "16x4", 8),
    "odd": (
        network(Conv1(10, 3, 2, 0), fire(5, 7, 9), fire(3, 6, 11), height=11, width=9),
        "4x4",
        4,
    ),
    "bypasses": (
        network(Conv1(16, 3, 1, 1), fire(5, 8, 8, "simple"), fire(3, 8, 8, "complex")),
        "4x8",
        8,
    ),
    "narrow split": (
        network(Conv1(12, 1, 1, 0), fire(5, 3, 9, "complex"), fire(3, 3, 9, "simple")),
        "8x8",
        4,
    ),
    "misaligned skips": (
        network(
            Conv1(26, 1, 1, 0),
            fire(3, 20, 6, "simple"),
            "pool",
            fire(3, 1, 25, "simple"),
            fire(2, 9, 9, "complex"),
        ),
        "8x4",
        4,
    ),
    "one pixel": (
        network(Conv1(4, 1, 1, 0), fire(4, 4, 4, "complex"), height=1, width=1),
        "16x32",
        4,
    ),
    "one column": (
        network(Conv1(8, 1, 1, 0), fire(8, 4, 12), height=3, width=1, classes=9),
        "16x16",
        4,
    ),
    "no Fire": (network(Conv1(9, 5, 3, 4)), "8x4", 8),
    "scores that take longer than the next row": (
        network(Conv1(1, 1, 1, 0), height=8, width=8, classes=1),
        "4x4",
        4,
    ),
    "pool at the end": (network(Conv1(5, 3, 1, 1), fire(4, 4, 4), "pool"), "4x4", 4),
}


SHAPES |= {
    str(pool): (
        network(Conv1(5, 3, 1, 1), pool, fire(4, 4, 4), pool, height=9, width=8),
        "4x4",
        4,
    )
    for pool in MAX_POOLS
}


@pytest.mark.parametrize(("architecture", "array", "bits"), SHAPES.values(), ids=SHAPES)
def test_equals_the_golden_model_in_the_predicted_cycle(architecture, array, bits):
    job = compiled(architecture, array, bits)
    pixels = pictures(architecture, 3)
    frames, cycles = simulate(job, pixels)
    assert np.array_equal(frames, golden.run(job.network, pixels))
    assert cycles[0] == job.timing.latency
    assert cycles[2] - cycles[1] == job.timing.cycles


STREAMED = {
    "two rows": (
        network(Conv1(6, 1, 1, 0), fire(4, 4, 4), height=7, width=2, classes=11),
        ("4x4", 4, StreamedHead(2, overlaid=1, slots=2)),
    ),
    "eight bits, one slot": (
        network(Conv1(6, 1, 1, 0), fire(4, 4, 2, "simple"), height=6, width=2, classes=17),
        ("8x8", 8, StreamedHead(3, slots=1)),
    ),
    "no Fire": (
        network(Conv1(9, 1, 1, 0), height=4, width=3, classes=9),
        ("4x8", 4, StreamedHead(2)),
    ),
    "pool at the end": (
        network(Conv1(5, 1, 1, 0), fire(4, 4, 4), "pool", height=7, width=5, classes=5),
        ("4x4", 4, StreamedHead(1)),
    ),
    "rows behind the pool at the end": (
        network(
            Conv1(5, 1, 1, 0), fire(4, 4, 4), MaxPool(2, ceil=False), height=7, width=5, classes=5
        ),
        ("4x4", 4, StreamedHead(2)),
    ),
    "one block": (
        network(Conv1(4, 1, 1, 0), height=1, width=1),
        ("16x32", 4, StreamedHead(1)),
    ),
}


@pytest.mark.parametrize(("architecture", "case"), STREAMED.values(), ids=STREAMED)
def test_a_streamed_classifier_equals_the_golden_model_in_the_predicted_cycle(architecture, case):
    array, bits, head = case
    job = compiled(architecture, array, bits, head=head)
    pixels = pictures(architecture, 3)
    frames, cycles = simulate(job, pixels)
    assert np.array_equal(frames, golden.run(job.network, pixels))
    assert cycles[0] == job.timing.latency
    assert cycles[2] - cycles[1] == job.timing.cycles


@given(
    st.integers(1, 7),
    st.integers(1, 3),
    st.integers(1, 9),
    st.sampled_from([4, 8]),
    st.sampled_from(["4x4", "8x4"]),
    st.builds(StreamedHead, st.integers(1, 8), slots=st.integers(1, 3)),
    st.sampled_from([0.0, 0.3]),
)
@settings(max_examples=12, deadline=None)
def test_a_streamed_classifier_of_any_shape(height, width, classes, bits, array, head, stall):
    architecture = network(
        Conv1(6, 1, 1, 0), fire(4, 4, 4, "complex"), height=height, width=width, classes=classes
    )
    job = compiled(architecture, array, bits, head=head)
    pixels = pictures(architecture, 2)
    frames, _ = simulate(job, pixels, stall=stall)
    assert np.array_equal(frames, golden.run(job.network, pixels))


@pytest.mark.parametrize("pixels_before", [3, 11])
def test_abort_restarts_the_stream(pixels_before):
    architecture, (array, bits, head) = STREAMED["two rows"]
    job = compiled(architecture, array, bits, head=head)
    pixels = pictures(architecture, 1)
    frames, _ = simulate(job, pixels, abort_after=pixels_before)
    assert np.array_equal(frames, golden.run(job.network, pixels))


def test_a_wrong_word_of_the_stream_changes_the_scores():
    architecture, (array, bits, head) = STREAMED["two rows"]
    job = compiled(architecture, array, bits, head=head)
    broken = dataclasses.replace(job, class_blocks=bytes(byte ^ 0x77 for byte in job.class_blocks))
    pixels = pictures(architecture, 1)
    frames, _ = simulate(broken, pixels)
    assert not np.array_equal(frames, golden.run(job.network, pixels))


@pytest.mark.parametrize("name", ["tall", "bypasses"])
def test_random_stalls_change_timing_never_data(name):
    architecture, array, bits = SHAPES[name]
    job = compiled(architecture, array, bits, seed=1)
    pixels = pictures(architecture, 2, seed=1)
    frames, _ = simulate(job, pixels, stall=0.4)
    assert np.array_equal(frames, golden.run(job.network, pixels))


@pytest.mark.parametrize("pixels_before", [0, 7, 100])
def test_the_frame_after_an_abort_is_right(pixels_before):
    job = compiled(TINY)
    pixels = pictures(TINY, 1)
    frames, _ = simulate(job, pixels, abort_after=pixels_before)
    assert np.array_equal(frames, golden.run(job.network, pixels))


def test_a_wrong_weight_changes_the_scores():
    job = compiled(TINY)
    weights = (~job.program.weights[0] & 0xFFFF, *job.program.weights[1:])
    broken = dataclasses.replace(job, program=dataclasses.replace(job.program, weights=weights))
    pixels = pictures(TINY, 1)
    frames, _ = simulate(broken, pixels)
    assert not np.array_equal(frames, golden.run(job.network, pixels))


def test_context_queues_cannot_overflow():
    """The bound of `CONTEXTS`, for the most beats that a result can make."""
    latency = Latency.of(compiled(TINY, "4x4", 4).program)
    through = latency.beat + latency.parameters + latency.requantize - 1 + max(ARRAY_SIDES)
    sent = -(-through // FETCH_CYCLES)
    with_words = SkidBuffer.DEPTH + 2  # and one in the walker, one in the issuer
    assert (through, sent + with_words + QUEUE_DEPTH) == (48, CONTEXTS)
