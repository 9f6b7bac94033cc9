"""Networks without a last ReLU: their integers give float's classes, and clipping is counted."""

import dataclasses

import numpy as np
import pytest
import torch
from fireline.host import golden
from fireline.host.float_network.squeezenet import SqueezeNet, normalise
from fireline.host.network.architecture import Architecture
from fireline.host.network.stage import Conv1
from fireline.host.quantization.last_relu import clipping, silence
from fireline.host.quantization.post_training.settings import FAST, Settings
from fireline.host.quantization.quantize import quantize
from support.networks.post_training import FRESH, PIXELS, SMALL, small_model
from support.networks.strategies import preprocessing
from support.networks.torch_networks import draw_model, draw_pixels

WITHOUT = dataclasses.replace(SMALL, last_relu=False)
ONE_PIXEL = Architecture("one", 3, 3, 3, preprocessing(3), (Conv1(8, 3, 1, 0),), 4, last_relu=False)


def drawn(architecture: Architecture = WITHOUT, bias: float = 0.0) -> SqueezeNet:
    """A network whose logits are spread around a bias."""
    model = draw_model(architecture, batch_norm=True)
    with torch.no_grad():
        head = model.classifier[1]
        head.weight *= 20.0
        head.bias.uniform_(-1.0, 1.0).add_(bias)
    return model


def float_logits(model: SqueezeNet, pixels: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return model(normalise(model.architecture, pixels)).numpy()


def same(model: SqueezeNet, network, pixels: np.ndarray = FRESH) -> float:
    """The share of pictures whose class is the float model's."""
    scores = golden.run(network, pixels)
    return np.mean(golden.classify(scores) == float_logits(model, pixels).argmax(1))


@pytest.mark.parametrize("bias", [-1e4, -20.0, 0.0, 20.0])
def test_classes_and_logits_are_floats(bias):
    model = drawn(bias=bias)
    student = quantize(model, PIXELS, 8)
    network = student.network()
    assert same(model, network) >= 0.9
    logits = network.logits(golden.run(network, FRESH))
    exact = float_logits(model, FRESH)
    assert exact.min() < bias < exact.max() and len(np.unique(exact.argmax(1))) > 1
    assert np.abs(logits - exact).mean() < 0.1 * exact.std()
    found = clipping(student, PIXELS)
    assert (found.below, found.above, found.changed, found.pictures) == (0, 0, 0, 64)
    assert found.offset == network.score_offset


def test_every_step_keeps_the_classes():
    model, results = drawn(), []
    full = Settings(effort="full", epochs=2)
    network = quantize(model, PIXELS, 4, full, results.append).network()
    assert same(model, network) >= 0.8
    assert any(r.step == "error-feedback" and not r.rolled_back for r in results)


@pytest.mark.parametrize("masked", [-1e4, -1e9, -1e30])
def test_a_class_that_never_wins_leaves_the_others_alone(masked):
    """Trainers switch classes off with a bias far below all logits."""
    model = drawn()
    with torch.no_grad():
        model.classifier[1].bias[1] = masked
    network = quantize(model, PIXELS, 8).network()
    assert same(model, network) >= 0.9
    assert np.abs(network.convs[SMALL.classifier.name].bias).max() < 1 << 28


def test_equal_logits_give_equal_scores():
    model = drawn()
    with torch.no_grad():
        model.classifier[1].weight.zero_()
        model.classifier[1].bias.fill_(-3.0)
    network = quantize(model, PIXELS, 8).network()
    scores = golden.run(network, FRESH)
    assert (scores == scores[0, 0]).all()
    assert np.allclose(network.logits(scores), -3.0, atol=1e-3)


@pytest.mark.parametrize(
    "architecture", [ONE_PIXEL, dataclasses.replace(ONE_PIXEL, height=7, classes=1)]
)
def test_a_map_of_a_pixel_and_a_single_class(architecture):
    model, pixels = drawn(architecture), draw_pixels(architecture, 32)
    network = quantize(model, pixels, 8).network()
    exact = float_logits(model, pixels)
    assert np.abs(network.logits(golden.run(network, pixels)) - exact).mean() < 0.1 * exact.std()


def test_clipping_is_counted():
    """Against a student of the same integers whose range holds everything."""
    student = quantize(drawn(), PIXELS, 8, dataclasses.replace(FAST, without=("biases",)))
    conv = student.conv(student.architecture.classifier)
    with torch.no_grad():
        maps = golden.trace(student.network(), PIXELS)
        middle = float(np.median(maps["conv5"])) * float(student.score_scale())
        pixels = student.architecture.classifier
        middle *= pixels.output_height * pixels.output_width
        conv.bias -= middle
    below = clipping(student, PIXELS)
    assert below.below == pytest.approx(0.5, abs=0.01) and below.above == 0
    assert 0 < below.changed <= len(PIXELS)
    with torch.no_grad():
        conv.bias += student.scale("conv5") * 65535
    above = clipping(student, PIXELS)
    assert above.above == pytest.approx(0.5, abs=0.01) and above.below == 0
    assert "50.00% above" in str(above).replace(f"{above.above:.2%}", "50.00%")


def test_a_silent_network_is_warned_of():
    model = small_model()
    assert silence(model, PIXELS) is None
    with torch.no_grad():
        model.classifier[1].bias -= 1e3
    assert silence(model, PIXELS).startswith("warning: all scores are zero on 64 of 64")
    assert "--no-last-relu" in silence(model, PIXELS)


def test_a_network_without_last_relu_is_not_silent():
    assert silence(drawn(bias=-1e3), PIXELS) is None


def test_some_silent_pictures_are_counted():
    model = small_model()
    with torch.no_grad():
        x = normalise(SMALL, PIXELS)
        maps = model.classifier[1](model.features[1:](model.conv1_norm(model.features[0](x))))
        model.classifier[1].bias -= maps.amax((1, 2, 3)).median()
    silent = int((float_logits(model, PIXELS).max(1) == 0).sum())
    assert 0 < silent < 64
    assert f"on {silent} of 64 " in silence(model, PIXELS)
