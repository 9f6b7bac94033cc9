import dataclasses
import math

import numpy as np
import pytest
import torch
from fireline.errors import FirelineError
from fireline.host import golden
from fireline.host.data.dataset import load_calibration, load_test
from fireline.host.float_network.checkpoint.load import load_checkpoint
from fireline.host.float_network.squeezenet import normalise
from fireline.host.network.families import family
from fireline.host.network.file import write_network
from fireline.host.quantization import quantize as pipeline
from fireline.host.quantization.post_training.fidelity import Fidelity
from fireline.host.quantization.post_training.settings import FAST, Settings
from fireline.host.quantization.quantize import STEPS, quantize, selected_steps
from support.networks.post_training import FRESH, PIXELS, SMALL, small_model
from support.networks.strategies import preprocessing
from support.networks.torch_networks import draw_model, draw_pixels
from support.paths import SHARED

FULL = Settings(effort="full", epochs=2)


@pytest.fixture(scope="module")
def model():
    return small_model()


def same(model, network) -> float:
    """The share of pictures whose class is the float model's."""
    with torch.no_grad():
        classes = model(normalise(SMALL, FRESH)).argmax(1).numpy()
    return np.mean(golden.classify(golden.run(network, FRESH)) == classes)


@pytest.mark.parametrize("bits, least", [(8, 0.9), (4, 0.8)])
def test_classes_are_kept(model, bits, least):
    assert same(model, quantize(model, PIXELS, bits).network()) >= least


def test_the_log(model):
    """The log has every step in order; the fast steps together gain."""
    results, reported = [], set()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    quantize(model, PIXELS, 4, FULL, results.append, lambda step, share: reported.add(step))
    assert [result.step for result in results] == ["rounding", *(s.name for s in STEPS)]
    assert results[len(selected_steps(FAST))].fidelity.decibels > results[0].fidelity.decibels + 5
    assert {"biases", "error-feedback", "blocks", "learned-scales", "distillation"} <= reported
    assert all(result.seconds > 0 for result in results)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize("settings", [FAST, FULL], ids=["fast", "full"])
def test_equal_seeds_make_equal_files(model, settings, tmp_path):
    for name in ("a", "b"):
        write_network(quantize(model, PIXELS, 4, settings).network(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_steps_can_be_left_out(model):
    names = [step.name for step in STEPS]
    assert [step.name for step in selected_steps(FULL)] == names
    assert [step.name for step in selected_steps(FAST)] == names[:5]
    for name in names:
        some = dataclasses.replace(FULL, without=(name,))
        assert [step.name for step in selected_steps(some)] == [n for n in names if n != name]
    results = []
    quantize(model, PIXELS, 4, dataclasses.replace(FAST, without=tuple(names)), results.append)
    assert [result.step for result in results] == ["rounding"]
    with pytest.raises(FirelineError, match="no step is called 'rounding'; use biases,"):
        quantize(model, PIXELS, 4, dataclasses.replace(FAST, without=("rounding",)))


def spoil(work, report):
    """A step that makes the student worse."""
    with torch.no_grad():
        for conv in work.student.convs.values():
            conv.weight.neg_()


def test_a_step_may_have_slack(model, monkeypatch):
    spoiling = dataclasses.replace(STEPS[-1], run=spoil, slack=1e9)
    monkeypatch.setattr(pipeline, "STEPS", (*STEPS[:3], spoiling))
    results = []
    quantize(model, PIXELS, 4, FULL, results.append)
    assert not results[-1].rolled_back
    assert results[-1].fidelity.distance > results[-2].fidelity.distance


def test_a_step_that_makes_it_worse_is_rolled_back(model, monkeypatch):
    spoiling = dataclasses.replace(STEPS[-1], run=spoil)
    monkeypatch.setattr(pipeline, "STEPS", (*selected_steps(FAST), spoiling))
    results = []
    spoiled = quantize(model, PIXELS, 4, FULL, results.append).network()
    assert results[-1].rolled_back and not results[-2].rolled_back
    fast = quantize(model, PIXELS, 4, FAST).network()
    assert np.array_equal(golden.run(spoiled, FRESH), golden.run(fast, FRESH))


@pytest.mark.parametrize(
    "distances, kept",
    [
        ((0.5, 0.4), True),
        ((0.5, 0.5), False),
        ((0.5, 0.6), False),
        ((0.5, math.nan), False),
        ((0.0, 0.0), False),
    ],
)
def test_a_step_is_kept_only_if_it_comes_nearer(model, monkeypatch, distances, kept):
    reached = [Fidelity(0.0, 0.0, 0.0, distance) for distance in distances]
    monkeypatch.setattr(pipeline, "fidelity", lambda *_: reached.pop(0))
    monkeypatch.setattr(pipeline, "STEPS", (dataclasses.replace(STEPS[0], run=spoil),))
    results = []
    quantized = quantize(model, PIXELS, 4, FAST, results.append).network()
    assert results[-1].rolled_back is not kept
    monkeypatch.setattr(pipeline, "fidelity", lambda *_: Fidelity(0.0, 0.0, 0.0, 1.0))
    monkeypatch.setattr(pipeline, "STEPS", ())
    rounded = quantize(model, PIXELS, 4, FAST).network()
    assert np.array_equal(golden.run(quantized, FRESH), golden.run(rounded, FRESH)) is not kept


class Interrupted(Exception):
    pass


def test_an_interrupted_run_resumes(model, tmp_path):
    """The resumed run gives the same integers and removes the partial file."""
    partial, whole = tmp_path / "net.partial", quantize(model, PIXELS, 4, FULL).network()

    def interrupt(step, share):
        if step == "distillation" and share > 0.6:
            raise Interrupted

    with pytest.raises(Interrupted):
        quantize(model, PIXELS, 4, FULL, None, interrupt, partial)
    assert partial.exists()
    resumed = quantize(model, PIXELS, 4, FULL, partial=partial).network()
    assert not partial.exists()
    assert np.array_equal(golden.run(resumed, FRESH), golden.run(whole, FRESH))


def test_bits_by_layer(model):
    network = quantize(model, PIXELS, {"fire*/squeeze": 8}).network()
    assert {conv.name for conv in network.convs.values() if conv.bits == 8} == {
        "conv1",
        "fire2/squeeze",
        "fire3/squeeze",
        "fire4/squeeze",
    }


def test_a_silent_network():
    """Scales exist even if all outputs are zero."""
    model = draw_model(SMALL, batch_norm=False)
    with torch.no_grad():
        for name in ("conv1", "fire2/squeeze", "conv5"):
            model.conv(name).weight.zero_()
            model.conv(name).bias.fill_(-1.0)
    network = quantize(model, PIXELS, 4, FULL).network()
    assert golden.run(network, PIXELS).max() == 0


def test_dead_and_exploding_channels():
    """One channel of a squeeze is always zero, one a million times the others."""
    model = small_model()
    with torch.no_grad():
        norm = model.norm("fire4/squeeze")
        norm.weight[0], norm.bias[0] = 0.0, -1.0
        norm.weight[1] *= 1e6
        norm.bias[1] *= 1e6
        for expand in ("fire4/expand1x1", "fire4/expand3x3"):
            model.conv(expand).weight[:, 1] *= 1e-6
    assert same(model, quantize(model, PIXELS, 8).network()) >= 0.8


def test_values_beyond_float32():
    model = small_model()
    with torch.no_grad():
        model.conv("fire3/squeeze").weight *= 1e38
        model.norm("fire3/squeeze").weight *= 1e30
    with pytest.raises(FirelineError, match="fire3/squeeze: its values exceed float32"):
        quantize(model, PIXELS)


def test_bad_pictures_and_bits_are_refused(model):
    with pytest.raises(FirelineError, match="0 pictures are too few"):
        quantize(model, PIXELS[:0])
    with pytest.raises(FirelineError, match="7 pictures are too few; use 8"):
        quantize(model, PIXELS[:7])
    with pytest.raises(FirelineError, match="all pictures are the same"):
        quantize(model, PIXELS[:1].repeat(20, 0))
    with pytest.raises(FirelineError, match="uint8 \\(12, 13, 3\\); network small needs"):
        quantize(model, PIXELS.swapaxes(1, 2))
    with pytest.raises(FirelineError, match="use 4 or 8"):
        quantize(model, PIXELS, 5)


def test_grey_pictures():
    architecture = dataclasses.replace(SMALL, channels=1, preprocessing=preprocessing(1))
    model, pixels = draw_model(architecture, True), draw_pixels(architecture, 16)
    network = quantize(model, pixels, 8).network()
    with torch.no_grad():
        logits = model(normalise(architecture, pixels)).numpy()
    assert np.allclose(network.logits(golden.run(network, pixels)), logits, atol=0.1)


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs weights and photos")
@pytest.mark.parametrize(("bits", "least"), [(8, 0.95), (4, 0.85)])
def test_imagenet_photos_keep_their_classes(bits, least):
    """SqueezeNet 1.1: the share of photos whose class is the float model's."""
    architecture = family("squeezenet1_1")
    model = load_checkpoint(SHARED / "weights" / "squeezenet1_1.pth", architecture)
    calibration = load_calibration(SHARED / "photos" / "calibration", architecture)
    pixels = load_test(SHARED / "photos" / "evaluation", architecture).pixels[::2]
    network = quantize(model, calibration, bits).network()
    batches = np.array_split(pixels, 10)
    with torch.inference_mode():
        classes = torch.cat([model(normalise(architecture, batch)) for batch in batches]).argmax(1)
    found = np.concatenate([golden.classify(golden.run(network, batch)) for batch in batches])
    assert np.mean(found == classes.numpy()) >= least
