"""A trial trains once, measures every point, and is reproducible."""

import dataclasses

import pytest
import safetensors.torch
import torch
from fireline.errors import FirelineError
from fireline.host.compiler.compile import compile_network
from fireline.host.compiler.resources import resources
from fireline.host.exploration import trial as trials
from fireline.host.exploration.trial import Measured, Trial, run
from fireline.host.float_network.checkpoint.load import load_checkpoint
from fireline.host.network.architecture import Preprocessing
from fireline.host.quantization.quantize import quantize
from fireline.host.training.accuracy import accuracy
from fireline.hw.program import ArrayShape
from support.striped import DATA, RECIPE, TINY

SMALL, LARGE = ArrayShape(4, 4), ArrayShape(8, 8)
POINTS = ((LARGE, 8), (SMALL, 4), (SMALL, 8))


@pytest.fixture(scope="module")
def outcome():
    return run(Trial(TINY, RECIPE, POINTS), DATA)


def test_measurements(outcome, tmp_path):
    (tmp_path / "w.safetensors").write_bytes(outcome.weights)
    model = load_checkpoint(tmp_path / "w.safetensors", TINY)
    for (array, bits), measured in zip(POINTS, outcome.measured, strict=True):
        network = quantize(model, DATA.train.pixels, bits).network()  # fewer than CALIBRATION
        compiled = compile_network(network, array)
        assert measured == Measured(
            network="tiny",
            array=str(array),
            bits=bits,
            parameters=sum(layer.parameters for layer in TINY.layers()),
            float_top1=accuracy(model, TINY, DATA.test),
            top1=measured.top1,
            weight_bytes=-(-network.weight_bits // 8),
            cycles=compiled.timing.cycles,
            block_rams=resources(compiled.program).block_rams,
        )
        assert measured.top1 > 0.95 and measured.float_top1 == 1


def test_a_repeated_trial_gives_the_same_outcome(outcome, monkeypatch):
    again = run(Trial(TINY, RECIPE, POINTS), DATA)
    assert again.measured == outcome.measured
    first, second = (safetensors.torch.load(each.weights) for each in (outcome, again))
    assert all(first[name].equal(second[name]) for name in first | second)
    monkeypatch.delattr(trials.training, "train")
    trained = run(Trial(TINY, RECIPE, POINTS[:1], outcome.weights), DATA)
    assert trained == dataclasses.replace(outcome, measured=outcome.measured[:1])


def test_trials_take_turns_in_one_thread_each(monkeypatch):
    threads, alone = [], []
    train = trials.training.train

    def watched(*arguments):
        alone.append(trials.ONE_AT_A_TIME.locked())
        return train(*arguments)

    monkeypatch.setattr(torch, "set_num_threads", threads.append)
    monkeypatch.setattr(trials.training, "train", watched)
    run(Trial(TINY, dataclasses.replace(RECIPE, epochs=1), POINTS[:1]), DATA)
    assert (threads, alone) == ([1], [True])


def test_divergence_is_reported():
    wild = dataclasses.replace(TINY, preprocessing=Preprocessing("grey", 1.0, (0.0,), (1e-38,)))
    with pytest.raises(FirelineError, match="lower the learning rate"):
        run(Trial(wild, RECIPE, POINTS), DATA)
