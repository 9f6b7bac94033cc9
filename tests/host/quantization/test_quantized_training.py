import numpy as np
import pytest
import torch
from fireline.host import golden
from fireline.host.float_network.fold import fold
from fireline.host.float_network.squeezenet import normalise
from fireline.host.network.architecture import Architecture
from fireline.host.network.stage import Bypass, Conv1, Fire, MaxPool
from fireline.host.network.weight_bits import layer_bits
from fireline.host.quantization.calibrate import measure
from fireline.host.quantization.quantized_training import QuantizedTraining
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks.strategies import architectures, preprocessing
from support.networks.torch_networks import draw_model, draw_pixels
from torch.nn import functional

STAGES = (
    Conv1(16, 3, 1, 1),
    MaxPool(),
    Fire(8, 8, 8, Bypass.SIMPLE),
    Fire(8, 12, 20, Bypass.COMPLEX),
)
SMALL = Architecture("small", 3, 13, 12, preprocessing(3), STAGES, 5)
PIXELS = draw_pixels(SMALL, 16)


@pytest.fixture(scope="module")
def model():
    return draw_model(SMALL, batch_norm=True)


def channels_first(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float()


def signal_to_noise(model, network) -> float:
    """Signal-to-noise ratio of the integers' logits, in dB."""
    with torch.no_grad():
        logits = model(normalise(SMALL, PIXELS)).double().numpy()
    error = network.logits(golden.run(network, PIXELS)) - logits
    return 10 * np.log10(np.square(logits).sum() / np.square(error).sum())


def rounded(model, pixels, bits, **options) -> QuantizedTraining:
    folded = fold(model)
    chosen = layer_bits(model.architecture, bits)
    return QuantizedTraining(folded, measure(folded, pixels), chosen, **options)


@pytest.mark.parametrize("clip", [False, True])
def test_8_bits_are_close_to_float(model, clip):
    assert signal_to_noise(model, rounded(model, PIXELS, 8, clip=clip).network()) > 25


@pytest.mark.parametrize("exponent_max", [0, 1, 3])
def test_4_bits_are_close(model, exponent_max):
    network = rounded(model, PIXELS, 4, exponent_max=exponent_max).network()
    assert signal_to_noise(model, network) > 8


@settings(max_examples=10, deadline=None)
@given(architectures(), st.sampled_from([4, 8]), st.booleans())
def test_evaluation_computes_the_golden_integers(architecture, bits, batch_norm):
    model, pixels = draw_model(architecture, batch_norm), draw_pixels(architecture)
    training = rounded(model, pixels, bits)
    network = training.network()
    with torch.no_grad():
        scores = training.scores(channels_first(pixels))
        logits = training(normalise(architecture, pixels))
    expected = golden.run(network, pixels)
    assert np.array_equal(scores.numpy(), expected)
    atol = 1e-6 * float(expected.max() * network.score_scale)
    assert np.allclose(logits.numpy(), network.logits(expected), rtol=0, atol=atol)


def test_training_mode_differs_by_rounding_only(model):
    training = rounded(model, PIXELS, 4)
    exact = training.scores(channels_first(PIXELS))
    training.train()
    assert torch.allclose(training.scores(channels_first(PIXELS)).double(), exact, rtol=2e-3)


def test_sums_beyond_24_bits_are_exact(model):
    training = rounded(model, PIXELS, 8)
    with torch.no_grad():
        training.convs["fire2/squeeze"].bias += 1e5 * training.scales["conv1"]()
        scores = training.scores(channels_first(PIXELS))
    assert training.network().convs["fire2/squeeze"].bias.max() > 1 << 24
    assert np.array_equal(scores.numpy(), golden.run(training.network(), PIXELS))


def test_training_learns_and_stays_exact(model):
    """Training changes weights and scales; the integers follow."""
    training = rounded(model, PIXELS, 4)
    labels = torch.arange(16) % 5
    before = {name: value.clone() for name, value in training.named_parameters()}
    optimizer = torch.optim.Adam(training.parameters(), lr=3e-3)
    losses = []
    training.train()
    for _ in range(20):
        loss = functional.cross_entropy(training(normalise(SMALL, PIXELS)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
    for name, value in training.named_parameters():
        assert not torch.equal(value, before[name]), name
    training.eval()
    with torch.no_grad():
        scores = training.scores(channels_first(PIXELS))
    assert np.array_equal(scores.numpy(), golden.run(training.network(), PIXELS))


def test_gradient_of_a_scale(model):
    """The straight-through gradient follows the loss with its rounding smoothed out."""
    training = rounded(model, PIXELS, 8)
    training.train()
    x, change = normalise(SMALL, PIXELS), training.scales["fire2"].change

    def loss():
        return training(x).sum()

    loss().backward()
    values = []
    for step in np.linspace(-20, 20, 41):  # a change of 20 is about 20 %
        with torch.no_grad():
            change.fill_(step)
            values.append(loss().item())
    assert abs(change.grad.item()) < 40 * np.std(values)


def test_a_state_dict_restores_the_integers(model):
    first, second = (rounded(model, PIXELS, 4) for _ in range(2))
    with torch.no_grad():
        for value in first.parameters():
            value += 0.01 * torch.randn(value.shape)
    second.load_state_dict(first.state_dict())
    a, b = first.network(), second.network()
    assert np.array_equal(golden.run(a, PIXELS), golden.run(b, PIXELS))
