import numpy as np
import pytest
import torch
from fireline.errors import FirelineError
from fireline.host import golden
from fireline.host.quantization.scale_search import WeightScales
from fireline.host.quantization.trainable_conv import TrainableConv


def draw_conv(shift: int, bias: float, bits: int = 8) -> TrainableConv:
    """With SCALES its effective weights are nearly normally distributed."""
    random = np.random.default_rng(0)
    multiplier = random.integers(100, 256, 8).astype(np.uint16)
    exponents = random.integers(0, 2 if bits == 4 else 1, (8, 9, 2)).astype(np.uint8)
    scale = torch.from_numpy(multiplier * 2.0**-shift).float()
    weight = torch.from_numpy(random.normal(0, 2.0 ** (bits - 3), (8, 20, 3, 3))).float()
    real_bias = torch.from_numpy(random.uniform(-bias, bias, 8)).float() * scale * 3
    return TrainableConv(
        "fire2/expand3x3",
        weight * scale.view(-1, 1, 1, 1) * 6,
        real_bias,
        WeightScales(multiplier, shift, exponents),
        bits,
        (20,),
        255,
    ).eval()


SCALES = torch.tensor(0.5), torch.tensor(3.0)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize(("shift", "bias"), [(9, 10.0), (16, 1e4), (22, 1e7), (25, 1e8)])
def test_it_computes_the_golden_integers(shift, bias, bits):
    conv = draw_conv(shift, bias, bits)
    x = np.random.default_rng(1).integers(0, 256, (40, 5, 5, 20)).astype(np.uint8)
    with torch.no_grad():
        maps = torch.from_numpy(x).permute(0, 3, 1, 2).float()
        found = conv.requantize(conv.sums(maps, 1, *SCALES))
    quantized = conv.quantized(*SCALES)
    expected = golden.convolve(x, quantized, 1, 0, (0,))
    assert np.array_equal(found.permute(0, 2, 3, 1).numpy(), expected)
    assert 0 < expected.mean() < 255


@pytest.mark.parametrize("training", [False, True])
def test_sums_beyond_24_bits_are_exact_in_evaluation(training):
    """An odd sum just below the midpoint between 128 and 129."""
    fit = WeightScales(np.ones(1, np.uint16), 17, np.zeros((1, 1, 1), np.uint8))
    weight, bias = torch.full((1, 1, 1, 1), 2.0**-17), torch.tensor([16842750 * 2.0**-17])
    conv = TrainableConv("fire2/squeeze", weight, bias, fit, 8, (1,), 255).train(training)
    with torch.no_grad():
        found = conv(torch.ones(1, 1, 1, 1), 1, torch.ones(()), torch.ones(()))
    assert found.item() == (129 if training else 128)


def test_ratios_are_exact_in_evaluation():
    """A sum just below a midpoint, whose product with the multiplier exceeds 24 bits."""
    fit = WeightScales(np.array([255], np.uint16), 24, np.zeros((1, 1, 1), np.uint8))
    conv = TrainableConv(
        "fire2/squeeze", torch.zeros(1, 1, 1, 1), torch.zeros(1), fit, 8, (1,), 255
    )
    below = (200.5 * 2**24) // 255  # the next sum is at or above the midpoint
    sums = torch.full((1, 1, 1, 1), float(below))
    assert conv.eval().requantize(sums).item() == 200
    assert conv.requantize(sums + 1).item() == 201


def test_gradients_ignore_rounding():
    """Where the clamp is active, the gradient is zero."""
    conv = draw_conv(16, 1e4).train()
    x = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (4, 20, 5, 5))).float()
    weights = torch.from_numpy(np.random.default_rng(2).normal(0, 1, (4, 8, 3, 3))).float()
    inputs = (x.requires_grad_(), conv.weight, conv.bias)
    found = torch.autograd.grad((conv(x, 1, *SCALES) * weights).sum(), inputs)
    weight, bias = conv.integers(*SCALES)
    sums = torch.nn.functional.conv2d(x, weight) + bias.view(-1, 1, 1)
    smooth = (sums * conv.ratio.view(-1, 1, 1)).clamp(0, 255)
    assert 0.1 < float(((smooth > 0) & (smooth < 255)).float().mean()) < 0.9
    wanted = torch.autograd.grad((smooth * weights).sum(), inputs)
    for one, other in zip(found, wanted, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-3 * float(other.abs().max()))


def test_bfloat16_keeps_activations():
    conv = draw_conv(16, 1e4).train()
    x = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (4, 20, 5, 5))).float()
    with torch.no_grad():
        exact = conv(x, 1, *SCALES)
        with torch.autocast("cpu", torch.bfloat16):
            found = conv(x, 1, *SCALES)
    assert found.dtype == torch.bfloat16 and torch.equal(found, found.round())
    assert (found.float() - exact).abs().max() <= 2


def test_a_bias_beyond_32_bits_is_clamped_where_no_output_depends_on_it():
    """The greatest bias gives the maximum; the least is the greatest that always gives zero."""
    conv = draw_conv(25, 1e11).quantized(*SCALES)
    products = 255 * np.abs(conv.effective_weights().astype(np.int64)).sum((1, 2, 3))
    assert conv.bias.max() > 2e9 and conv.bias.min() > -1e9
    assert np.array_equal(conv.bias < 0, conv.bias == -products) and (conv.bias < 0).any()
    x = np.random.default_rng(1).integers(0, 256, (4, 5, 5, 20)).astype(np.uint8)
    outputs = golden.convolve(x, conv, 1, 0, (0,))
    assert np.array_equal(outputs.max((0, 1, 2)), np.where(conv.bias < 0, 0, 255))


def test_a_bias_beyond_32_bits_is_refused_where_an_output_depends_on_it():
    with pytest.raises(FirelineError, match=r"expand3x3: its biases .* do not fit into 32 bits"):
        draw_conv(31, 1e11).quantized(*SCALES)


def test_an_offset_is_added_to_every_output():
    conv = draw_conv(16, 1e4)
    x = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (4, 20, 5, 5))).float()
    with torch.no_grad():
        before = conv.sums(x, 1, *SCALES) * conv.ratio.view(-1, 1, 1)
        conv.offset = 30.0
        after = conv.sums(x, 1, *SCALES) * conv.ratio.view(-1, 1, 1)
    assert torch.allclose(after - before, torch.tensor(30.0 / 3.0), atol=0.01)
