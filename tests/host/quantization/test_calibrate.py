import dataclasses

import numpy as np
import pytest
import torch
from fireline.errors import FirelineError
from fireline.host.float_network.fold import fold
from fireline.host.float_network.squeezenet import normalise
from fireline.host.network.architecture import Architecture
from fireline.host.network.stage import Bypass, Conv1, Fire, MaxPool
from fireline.host.quantization import calibrate
from fireline.host.quantization.calibrate import batches, measure
from support.networks.strategies import preprocessing
from support.networks.torch_networks import draw_model, draw_pixels

STAGES = (Conv1(8, 3, 1, 1), MaxPool(), Fire(4, 4, 4, Bypass.SIMPLE))
SMALL = Architecture("small", 3, 12, 10, preprocessing(3), STAGES, 5)


@pytest.fixture(scope="module")
def folded():
    return fold(draw_model(SMALL, batch_norm=True))


def test_statistics(folded):
    pixels, calls = draw_pixels(SMALL), []
    found = measure(folded, pixels, calls.append)
    assert calls == [8]
    assert set(found.samples) > {"conv1", "fire2/squeeze", "fire2", "conv3"}
    assert np.allclose(found.moments["conv1"], np.square(pixels.astype(float)).mean((0, 1, 2)))
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()
    sums = folded.convolve(SMALL.layer("conv1"), x)
    assert torch.allclose(found.means["conv1"], sums.mean((2, 3)), atol=1e-4)
    assert found.samples["conv1"].max() == sums.max()
    assert found.samples["conv1"].min() == 0
    assert np.isclose(found.samples["conv1"].mean(), sums.relu().mean(), rtol=0.05)


@pytest.mark.parametrize("last_relu", [True, False])
def test_statistics_of_the_classes(last_relu):
    model = draw_model(dataclasses.replace(SMALL, last_relu=last_relu), batch_norm=True)
    pixels = draw_pixels(SMALL)
    found = measure(fold(model), pixels)
    with torch.no_grad():
        assert torch.allclose(found.logits, model(normalise(SMALL, pixels)), atol=1e-3)
    lowest = float(found.samples["conv3"].min())
    assert found.least <= lowest and (lowest < 0) is not last_relu


def test_logits_beyond_float32_are_refused():
    model = draw_model(dataclasses.replace(SMALL, last_relu=False), batch_norm=True)
    with torch.no_grad():
        model.classifier[1].bias[1] = -3e38
    with pytest.raises(FirelineError, match="layer conv3: its values exceed float32"):
        measure(fold(model), draw_pixels(SMALL))


def test_batches_give_nearly_the_same_statistics(folded, monkeypatch):
    pixels, calls = draw_pixels(SMALL), []
    whole = measure(folded, pixels)
    monkeypatch.setattr(calibrate, "BATCH_VALUES", 3 * 8 * 12 * 10)
    assert [len(batch) for batch in batches(SMALL, pixels)] == [3, 3, 2]
    parts = measure(folded, pixels, calls.append)
    assert calls == [3, 6, 8]
    for name in whole.means:
        assert torch.allclose(whole.means[name], parts.means[name], atol=1e-4)
        assert np.allclose(whole.moments[name], parts.moments[name], rtol=1e-3)
        assert whole.samples[name].max() == pytest.approx(parts.samples[name].max())


def test_bad_pictures_are_refused(folded):
    for pixels in (draw_pixels(SMALL)[:0], draw_pixels(SMALL)[:, 1:], np.zeros((1, 12, 10, 3))):
        with pytest.raises(FirelineError, match=r"needs at least one, uint8 \(12, 10, 3\)"):
            measure(folded, pixels)
