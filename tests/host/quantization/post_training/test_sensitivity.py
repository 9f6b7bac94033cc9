import torch
from fireline.host.quantization.post_training.sensitivity import sensitivity
from support.networks.post_training import PIXELS, SMALL, small_model


def test_sensitive_layers_are_found():
    """4 bits harm a squeeze with a few great weights among small ones."""
    model = small_model()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        weight = model.conv("fire4/squeeze").weight
        weight[:, ::5] *= 12.0
        for name in ("fire2/expand1x1", "fire2/expand3x3"):  # already 4-bit codes
            conv = model.conv(name).weight
            codes = torch.randint(-7, 8, conv.shape, generator=generator).float()
            codes[:, :1] = 7.0
            conv.copy_(codes * conv.std() / 4)
    shares = []
    harm = sensitivity(model, PIXELS, shares.append)
    assert set(harm) == {layer.name for layer in SMALL.layers() if layer.is_convolution}
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert abs(harm["conv5"]) < harm["fire4/squeeze"]  # excludes the harm of layers in front
    ranked = sorted(harm, key=harm.get, reverse=True)
    assert ranked.index("fire4/squeeze") < ranked.index("fire2/expand1x1")
