"""The torch modules: names, shapes and arithmetic."""

import dataclasses

import numpy as np
import pytest
import torch
from fireline.host.float_network.squeezenet import (
    SqueezeNet,
    normalise,
)
from fireline.host.network.architecture import (
    PREPROCESSINGS,
    Architecture,
    Bypass,
    Conv1,
    Fire,
    MaxPool,
    Preprocessing,
)
from fireline.host.network.families import family
from hypothesis import given, settings
from support.networks.strategies import architectures
from torch.nn import functional

SMALL = Architecture(
    "small",
    3,
    9,
    12,
    PREPROCESSINGS["caffe"],
    (Conv1(8, 3, 2, 1), MaxPool(), Fire(4, 5, 6, Bypass.COMPLEX), Fire(2, 5, 6, Bypass.SIMPLE)),
    7,
)


def names(index, *parts):
    paths = [f"features.{index}.{part}" for part in parts] or [f"features.{index}"]
    return [f"{path}.{kind}" for path in paths for kind in ("weight", "bias")]


@pytest.mark.parametrize(
    ("name", "fires"),
    [
        ("squeezenet1_0", (3, 4, 5, 7, 8, 9, 10, 12)),
        ("squeezenet1_1", (3, 4, 6, 7, 9, 10, 11, 12)),
    ],
)
def test_torchvision_names(name, fires):
    state = SqueezeNet(family(name)).state_dict()
    parts = ("squeeze", "expand1x1", "expand3x3")
    expected = [*names(0), *(key for fire in fires for key in names(fire, *parts))]
    assert list(state) == [*expected, "classifier.1.weight", "classifier.1.bias"]
    assert state["features.12.expand3x3.weight"].shape == (256, 64, 3, 3)


@settings(deadline=None, max_examples=30)
@given(architecture=architectures())
def test_parameters_and_shapes_are_the_architectures(architecture):
    model = SqueezeNet(architecture).eval()
    expected = sum(layer.parameters for layer in architecture.layers())
    assert sum(parameter.numel() for parameter in model.parameters()) == expected
    found = {}
    for layer in architecture.layers():
        if layer.is_convolution:
            model.conv(layer.name).register_forward_hook(
                lambda _, x, y, name=layer.name: found.update({name: (x[0].shape, y.shape)})
            )
            assert model.norm(layer.name) is None
    logits = model(torch.zeros(2, architecture.channels, architecture.height, architecture.width))
    assert logits.shape == (2, architecture.classes)
    for layer in architecture.layers():
        if layer.is_convolution:
            x = (2, layer.input_channels, layer.input_height, layer.input_width)
            y = (2, layer.output_channels, layer.output_height, layer.output_width)
            assert found[layer.name] == (x, y)


def test_without_last_relu():
    """The same weights by the same names; negative logits stay. A new classifier has no bias."""
    without = dataclasses.replace(SMALL, last_relu=False)
    torch.manual_seed(1)
    model, rectified = SqueezeNet(without).eval(), SqueezeNet(SMALL).eval()
    assert not model.classifier[1].bias.any() and rectified.classifier[1].bias.all()
    rectified.load_state_dict(model.state_dict())
    x = torch.randn(2, 3, 9, 12)
    with torch.no_grad():
        y = model.classifier[1](model.features(x))
        assert torch.equal(model(x), y.mean((2, 3))) and y.min() < 0
        assert torch.equal(rectified(x), y.relu().mean((2, 3)))


def test_arithmetic_of_both_bypasses():
    torch.manual_seed(1)
    model = SqueezeNet(SMALL).eval()

    def relu_conv(name, x, **geometry):
        conv = model.conv(name)
        return functional.relu(functional.conv2d(x, conv.weight, conv.bias, **geometry))

    def fire(name, x, skip):
        squeezed = relu_conv(f"{name}/squeeze", x)
        expand3x3 = relu_conv(f"{name}/expand3x3", squeezed, padding=1)
        return torch.cat([relu_conv(f"{name}/expand1x1", squeezed), expand3x3], 1) + skip

    x = torch.randn(2, 3, 9, 12)
    with torch.no_grad():
        y = relu_conv("conv1", x, stride=2, padding=1)
        y = functional.max_pool2d(y, 3, 2, ceil_mode=True)
        y = fire("fire2", y, relu_conv("fire2/bypass", y))
        y = fire("fire3", y, y)
        expected = relu_conv("conv4", y).mean((2, 3))
        torch.testing.assert_close(model(x), expected)


def test_batch_norm_follows_every_convolution_but_the_classifier():
    model = SqueezeNet(SMALL, batch_norm=True)
    for layer in SMALL.layers():
        if layer.is_convolution:
            norm = model.norm(layer.name)
            assert (
                (norm is None)
                == (layer.name == "conv4")
                == (model.conv(layer.name).bias is not None)
            )
    x = torch.randn(4, 3, 9, 12)
    with torch.no_grad():
        trained = model.train()(x)
        assert model.norm("fire3/expand3x3").num_batches_tracked == 1
        assert not torch.equal(trained, model.eval()(x))


def test_unknown_layer():
    with pytest.raises(KeyError):
        SqueezeNet(SMALL).conv("fire9/squeeze")


def test_normalise():
    pixels = np.random.default_rng(1).integers(0, 256, (2, 9, 12, 3), np.uint8)
    pixels.setflags(write=False)
    x = normalise(SMALL, pixels)
    assert x.shape == (2, 3, 9, 12) and x.dtype == torch.float32
    assert x[1, 0, 2, 3] == float(pixels[1, 2, 3, 2]) - 104
    assert x[1, 2, 2, 3] == float(pixels[1, 2, 3, 0]) - 123
    assert normalise(SMALL, torch.tensor(pixels)).equal(x)
    vision = dataclasses.replace(SMALL, preprocessing=PREPROCESSINGS["torchvision"])
    expected = (float(pixels[1, 2, 3, 0]) / 255 - 0.485) / 0.229
    assert normalise(vision, pixels)[1, 0, 2, 3].item() == pytest.approx(expected, abs=1e-6)
    grey = Architecture(
        "g", 1, 9, 12, Preprocessing("grey", 1.0, (8.0,), (2.0,)), (Conv1(8, 3, 2, 0),), 7
    )
    assert normalise(grey, pixels[..., :1])[0, 0, 0, 0] == (float(pixels[0, 0, 0, 0]) - 8) / 2
