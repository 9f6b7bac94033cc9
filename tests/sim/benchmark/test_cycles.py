"""Predicted and simulated cycles of a small network."""

import pytest
from fireline.sim.benchmark.cycles import Cycles, measure_cycles, random_pixels
from support.networks.small import TINY, compiled


def test_prediction_without_simulation():
    job = compiled(TINY)
    cycles = measure_cycles(job)
    assert (cycles.network, cycles.array) == ("small", "4x4")
    assert (cycles.predicted, cycles.simulated) == (job.timing.cycles, None)
    assert not cycles.wrong


@pytest.mark.parametrize(
    "simulated, mismatches, wrong", [(100, 0, False), (101, 0, True), (100, 1, True)]
)
def test_what_is_wrong(simulated, mismatches, wrong):
    assert Cycles("x", "4x4", 100, 1.0, simulated, mismatches, 1.0).wrong is wrong


def test_prediction_and_simulation_agree():
    job = compiled(TINY)
    cycles = measure_cycles(job, random_pixels(TINY, 1))
    assert cycles.simulated == cycles.predicted and cycles.mismatches == 0
    assert cycles.cycles_per_second > 0
