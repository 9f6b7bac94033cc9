"""Training learns, resumes after an interrupt with the same result, and fine-tunes."""

import dataclasses
import io

import pytest
import safetensors.torch
import torch
from fireline.errors import FirelineError
from fireline.host import golden
from fireline.host.float_network.checkpoint.load import load_checkpoint, read_checkpoint
from fireline.host.float_network.squeezenet import SqueezeNet
from fireline.host.network.architecture import Preprocessing
from fireline.host.network.file import read_network
from fireline.host.training import fit as loop
from fireline.host.training.accuracy import accuracy
from fireline.host.training.train import train, train_quantized
from rich.console import Console
from support.networks.onnx_networks import Zoo
from support.striped import DATA, RECIPE, TINY, stripes


@pytest.fixture(autouse=True)
def one_thread():
    """Tiny tensors are slower with more threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def quiet():
    return Console(file=io.StringIO(), width=100)


def weights(path):
    return safetensors.torch.load_file(path)


def equal(first, second):
    return first.keys() == second.keys() and all(first[k].equal(second[k]) for k in first)


def test_learns_and_leaves_a_checkpoint(tmp_path):
    console = quiet()
    path = tmp_path / "w.safetensors"
    model = train(TINY, DATA, path, RECIPE, console)
    assert accuracy(model, TINY, DATA.test) == 1
    assert accuracy(load_checkpoint(path, TINY), TINY, DATA.test) == 1
    assert read_checkpoint(path, TINY).class_names == ("across", "down")
    assert list(tmp_path.iterdir()) == [path]
    lines = console.file.getvalue()
    assert "epoch 1: loss" in lines and "100.00% of 50 test pictures right" in lines


@pytest.mark.parametrize(
    ("optimizer", "bfloat16"), [("sgd", False), ("sgd", True), ("adamw", False)]
)
def test_an_interrupted_run_gives_the_same_weights(tmp_path, monkeypatch, optimizer, bfloat16):
    recipe = dataclasses.replace(RECIPE, dropout=0.2, optimizer=optimizer, bfloat16=bfloat16)
    train(TINY, DATA, tmp_path / "whole.safetensors", recipe, quiet())
    save, saved = loop.save_partial, []

    def save_twice(*arguments):
        save(*arguments)
        saved.append(1)
        if len(saved) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "save_partial", save_twice)
    parts = tmp_path / "parts.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train(TINY, DATA, parts, recipe, quiet())
    assert not parts.exists()
    console = quiet()
    train(TINY, DATA, parts, recipe, console)
    assert "epoch 2:" not in console.file.getvalue() and "epoch 3:" in console.file.getvalue()
    assert equal(weights(tmp_path / "whole.safetensors"), weights(parts))


def test_the_seed_decides(tmp_path):
    recipe = dataclasses.replace(RECIPE, epochs=1)
    paths = [tmp_path / f"{name}.safetensors" for name in "abc"]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        train(TINY, DATA, path, dataclasses.replace(recipe, seed=seed), quiet())
    first, again, other = map(weights, paths)
    assert equal(first, again) and not equal(first, other)


def test_quantization_in_the_loop(tmp_path):
    model = train(TINY, DATA, tmp_path / "w.safetensors", RECIPE, quiet())
    path = tmp_path / "n.fireline"
    recipe = dataclasses.replace(RECIPE, epochs=2, optimizer="adamw", learning_rate=1e-4)
    network = train_quantized(model, DATA, path, recipe, quiet())
    assert read_network(path).class_names == ("across", "down")
    scores = golden.run(network, DATA.test.pixels)
    assert (scores.argmax(1) == DATA.test.labels).mean() > 0.95
    assert sorted(file.name for file in tmp_path.iterdir()) == ["n.fireline", "w.safetensors"]


def test_fine_tuning_keeps_the_features_and_makes_a_new_head(tmp_path):
    old = SqueezeNet(dataclasses.replace(TINY, classes=5))
    recipe = dataclasses.replace(RECIPE, learning_rate=0, epochs=1)
    model = train(TINY, DATA, tmp_path / "new.safetensors", recipe, quiet(), old)
    assert model.norm("conv1") is None
    assert model.conv("conv3").out_channels == 2
    kept = {k: v for k, v in model.state_dict().items() if not k.startswith("classifier")}
    assert all(old.state_dict()[name].equal(tensor) for name, tensor in kept.items())


def test_fine_tuning_from_onnx(tmp_path):
    path = Zoo(dataclasses.replace(TINY, classes=5)).save(tmp_path / "old.onnx")
    old = read_checkpoint(path, TINY, any_classes=True).model
    recipe = dataclasses.replace(RECIPE, learning_rate=0, epochs=1)
    model = train(TINY, DATA, tmp_path / "new.safetensors", recipe, quiet(), old)
    assert model.conv("conv3").out_channels == 2
    assert model.conv("fire2/expand3x3").weight.equal(old.conv("fire2/expand3x3").weight)


def test_fine_tuning_keeps_a_head_that_fits(tmp_path):
    old = SqueezeNet(TINY)
    recipe = dataclasses.replace(RECIPE, learning_rate=0, epochs=1)
    model = train(TINY, DATA, tmp_path / "new.safetensors", recipe, quiet(), old)
    assert model.conv("conv3").weight.equal(old.conv("conv3").weight)


def test_divergence_is_reported(tmp_path):
    wild = dataclasses.replace(TINY, preprocessing=Preprocessing("grey", 1.0, (0.0,), (1e-38,)))
    with pytest.raises(FirelineError, match=r"the loss is nan in epoch 1; lower the learning rate"):
        train(wild, DATA, tmp_path / "w.safetensors", RECIPE, quiet())


def test_bad_input(tmp_path):
    path = tmp_path / "w.safetensors"
    with pytest.raises(FirelineError, match=r"name it .safetensors"):
        train(TINY, DATA, tmp_path / "w.pth", RECIPE, quiet())
    single = dataclasses.replace(DATA, train=stripes(1, 1))
    with pytest.raises(FirelineError, match="one picture is too few"):
        train(TINY, single, path, RECIPE, quiet())
    with pytest.raises(FirelineError, match="none: no such folder; make it"):
        train(TINY, DATA, tmp_path / "none" / "w.safetensors", RECIPE, quiet())
