"""A batch on its way through all layers, with the caller's operators."""

import torch
from fireline.host.float_network.squeezenet import normalise
from fireline.host.float_network.walk import walk
from fireline.host.network.architecture import LayerKind
from fireline.host.network.stage import Fire
from hypothesis import given, settings
from support.networks.strategies import architectures
from support.networks.torch_networks import draw_model, draw_pixels


@settings(max_examples=15, deadline=None)
@given(architectures())
def test_walk_computes_what_the_model_computes(architecture):
    model = draw_model(architecture, batch_norm=False)
    layers, joins = [], []

    def convolve(layer, x):
        layers.append(layer.name)
        assert x.shape[1:] == (layer.input_channels, layer.input_height, layer.input_width)
        y = model.conv(layer.name)(x)
        last = layer.kind is LayerKind.CLASSIFIER
        return torch.relu(y) if architecture.last_relu or not last else y

    def join(name, expanded, skipped):
        joins.append(name)
        return expanded if skipped is None else expanded + skipped

    with torch.no_grad():
        x = normalise(architecture, draw_pixels(architecture, 2))
        logits = walk(architecture, x, convolve, join).mean((2, 3))
        assert torch.allclose(logits, model(x), rtol=1e-4, atol=1e-5)
    assert layers == [layer.name for layer in architecture.layers() if layer.is_convolution]
    fires = sum(isinstance(stage, Fire) for stage in architecture.stages)
    assert joins == [f"fire{index}" for index in range(2, fires + 2)]
