"""Accelerator and cycle model follow the same constants: one more register is one edit."""

import numpy as np
import pytest
from fireline.host import golden
from fireline.host.network.architecture import Conv1
from fireline.hw import latency
from fireline.hw.latency import Latency
from support.networks.small import compiled, fire, network, pictures, simulate

BYPASSED = network(Conv1(6, 1, 1, 0), fire(4, 3, 3, "simple"), height=3, width=2)


@pytest.mark.parametrize("change", [1, -1])
@pytest.mark.parametrize("name", ["ADDRESS_CYCLES", "OPERAND_CYCLES", "CREDIT_CYCLES"])
def test_results_and_predicted_cycles_hold_with_another_routing_register(monkeypatch, name, change):
    usual = Latency.of(compiled(BYPASSED).program)
    monkeypatch.setattr(latency, name, getattr(latency, name) + change)
    job = compiled(BYPASSED)
    assert Latency.of(job.program) != usual
    pixels = pictures(BYPASSED, 3)
    frames, cycles = simulate(job, pixels)
    assert np.array_equal(frames, golden.run(job.network, pixels))
    assert cycles[0] == job.timing.latency
    assert cycles[2] - cycles[1] == job.timing.cycles


def test_a_register_on_the_way_to_the_array_delays_the_first_score(monkeypatch):
    usual = compiled(BYPASSED).timing
    monkeypatch.setattr(latency, "OPERAND_CYCLES", latency.OPERAND_CYCLES + 1)
    assert compiled(BYPASSED).timing.latency > usual.latency
