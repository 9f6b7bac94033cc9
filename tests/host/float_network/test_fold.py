"""Folding: the convolutions alone compute the model's logits from pixels."""

import dataclasses

import numpy as np
import pytest
import torch
from fireline.host.float_network.fold import fold, pad, pad_value
from fireline.host.float_network.squeezenet import normalise
from fireline.host.float_network.walk import walk
from fireline.host.network.architecture import Architecture
from fireline.host.network.stage import Bypass, Conv1, Fire, MaxPool, Preprocessing
from support.networks.strategies import preprocessing
from support.networks.torch_networks import draw_model, draw_pixels

STAGES = (Conv1(8, 3, 2, 1), MaxPool(), Fire(4, 4, 4, Bypass.SIMPLE), Fire(4, 6, 5, Bypass.COMPLEX))
SMALL = Architecture("small", 3, 17, 18, preprocessing(3), STAGES, 5)
PREPROCESSINGS = [
    preprocessing(3),  # Caffe's: BGR, 0..255
    Preprocessing("rgb", 1 / 255, (0.2, 0.4, 0.6), (0.1, 0.2, 0.3)),
]


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("values", PREPROCESSINGS)
def test_folded_convolutions_compute_the_models_logits(values, batch_norm):
    architecture = dataclasses.replace(SMALL, preprocessing=values)
    model = draw_model(architecture, batch_norm)
    folded, pixels = fold(model), draw_pixels(architecture)
    with torch.no_grad():
        expected = model(normalise(architecture, pixels))
        found = walk(
            architecture,
            torch.from_numpy(pixels).permute(0, 3, 1, 2).float(),
            lambda layer, x: folded.convolve(layer, x).relu(),
            lambda name, expanded, skipped: expanded if skipped is None else expanded + skipped,
        ).mean((2, 3))
    assert torch.allclose(found, expected, rtol=1e-3, atol=1e-4)
    assert expected.std() > 0.01


def test_pad_value_is_the_nearest_pixel_in_rgb():
    assert pad_value(SMALL) == (123, 117, 104)
    rgb = Preprocessing("rgb", 1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert pad_value(dataclasses.replace(SMALL, preprocessing=rgb)) == (124, 116, 104)
    odd = Preprocessing("rgb", 1.0, (-3.0, 0.0, 300.0), (1.0, 1.0, 1.0))
    assert pad_value(dataclasses.replace(SMALL, preprocessing=odd)) == (0, 0, 255)


def test_pad():
    conv1, fire = SMALL.layer("conv1"), SMALL.layer("fire2/expand3x3")
    x = torch.ones(1, 3, 2, 2)
    assert pad(SMALL, conv1, x)[0, :, 0, 0].tolist() == [123, 117, 104]
    assert pad(SMALL, conv1, x)[0, :, 1, 1].tolist() == [1, 1, 1]
    assert pad(SMALL, fire, x).sum() == 12
    assert np.shape(pad(SMALL, SMALL.layer("fire2/squeeze"), x)) == (1, 3, 2, 2)
