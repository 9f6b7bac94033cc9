"""Notes about what a weights file holds beside the weights that are read."""

import pytest
import torch
from fireline.host.float_network.checkpoint.load import read_checkpoint
from fireline.host.float_network.squeezenet import SqueezeNet
from support.networks.small import TINY

STATE = SqueezeNet(TINY).state_dict()
OWN = TINY.preprocessing


def notes(tmp_path, file):
    path = tmp_path / "w.pth"
    torch.save(file, path)
    return [note.removeprefix(f"weights {path}: ") for note in read_checkpoint(path, TINY).notes]


def behind(prefix):
    return {f"{prefix}{name}": tensor for name, tensor in STATE.items()}


@pytest.mark.parametrize("scale", [1, OWN.scale])
def test_normalisation_as_the_preprocessing(tmp_path, scale):
    mean, std = (torch.tensor(values) / scale for values in (OWN.mean, OWN.std))
    found = notes(tmp_path, behind("net.") | {"norm.mean": mean, "norm.std": std.view(1, -1, 1, 1)})
    assert found == ["takes the prefix 'net.' off the names"]


@pytest.mark.parametrize("name", ["mean", "0.std", "pixel_mean"])
def test_other_normalisation(tmp_path, name):
    *_, note = notes(tmp_path, behind("1.") | {name: torch.full((1, TINY.channels, 1, 1), 0.75)})
    values = ", ".join(["0.75"] * TINY.channels)
    assert note.startswith(f"'{name}' ({values}) is not read; if the network normalises its")


def test_no_normalisation(tmp_path):
    state = {
        "net": STATE,
        "accuracy": {"mean": torch.zeros(7)},
        "optimizer": {"mean": torch.ones(1)},
    }
    assert notes(tmp_path, state) == ["takes the prefix 'net.' off the names"]


def test_averaged_weights_without_names(tmp_path):
    parameters = [torch.zeros_like(tensor) for tensor in STATE.values()]
    *_, note = notes(tmp_path, {"model": STATE, "ema": {"shadow_params": parameters}})
    assert note.startswith("averaged weights such as 'ema.shadow_params.0' are left out, because")


def test_averaged_weights_that_are_read(tmp_path):
    (note,) = notes(tmp_path, {"model": STATE, "ema": STATE})
    assert note.startswith("takes the averaged weights 'ema.'")
