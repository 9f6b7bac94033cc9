"""Distillation brings the integers nearer to the float network."""

import numpy as np
import pytest
import torch
from fireline.host import golden
from fireline.host.architecture import Architecture
from fireline.host.distill import distill
from fireline.host.model import normalise
from fireline.host.quantize import quantize
from fireline.host.stage import Conv1, Fire, MaxPool
from strategies import preprocessing
from torch.nn import functional
from torch_networks import draw_model, draw_pixels

SMALL = Architecture(
    "small", 3, 12, 12, preprocessing(3), (Conv1(16, 3, 1, 1), MaxPool(), Fire(8, 16, 16)), 5
)
PIXELS = draw_pixels(SMALL, 32)


def divergence(model, network) -> float:
    """Of the integers' classes from the float network's."""
    with torch.no_grad():
        wanted = functional.log_softmax(model(normalise(SMALL, PIXELS)), 1)
    logits = torch.from_numpy(golden.run(network, PIXELS) * network.score_scale)
    found = functional.log_softmax(logits.float(), 1)
    return float(functional.kl_div(found, wanted, reduction="batchmean", log_target=True))


@pytest.fixture(scope="module")
def model():
    """A network that is sure of its classes, so that rounding can hurt."""
    model = draw_model(SMALL, batch_norm=True)
    with torch.no_grad():
        model.classifier[1].weight *= 20
    return model


def test_it_agrees_better_than_rounding_alone(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    rounded, told = quantize(model, PIXELS), []
    trained = distill(
        model, PIXELS, epochs=15, learning_rate=5e-4, progress=lambda *steps: told.append(steps)
    )
    assert divergence(model, trained) < 0.8 * divergence(model, rounded)
    assert told[-1] == (30, 30) and len(told) == 30
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_it_is_never_worse(model):
    rounded, trained = quantize(model, PIXELS), distill(model, PIXELS, epochs=1, learning_rate=1.0)
    assert all(
        np.array_equal(rounded.convs[n].codes, trained.convs[n].codes) for n in rounded.convs
    )


def test_equal_seeds_make_equal_networks(model):
    first, second = (distill(model, PIXELS, 8, epochs=2, seed=3) for _ in range(2))
    for name, conv in first.convs.items():
        assert conv.bits == 8
        assert np.array_equal(conv.codes, second.convs[name].codes)
